/* Receives messages through libzmq PULL. Arguments: size warmup_ms measure_ms. Prints `ready PORT`, `result {…}`. */
#include "measure.h"
#include <zmq.h>

int main(int argc, char **argv) {
  if (argc < 4) fail("arguments: size warmup_ms measure_ms;");
  struct window window = {.warmup_ms = atof(argv[2]), .measure_ms = atof(argv[3])};
  void *context = zmq_ctx_new();
  void *socket = zmq_socket(context, ZMQ_PULL);
  int patience_ms = 5000, linger = 0;
  zmq_setsockopt(socket, ZMQ_RCVTIMEO, &patience_ms, sizeof patience_ms);
  zmq_setsockopt(socket, ZMQ_LINGER, &linger, sizeof linger);
  if (zmq_bind(socket, "tcp://127.0.0.1:*") != 0) fail("zmq_bind");
  char endpoint[256];
  size_t length = sizeof endpoint;
  zmq_getsockopt(socket, ZMQ_LAST_ENDPOINT, endpoint, &length);
  printf("ready %s\n", port_of(endpoint));
  fflush(stdout);
  await_line();

  zmq_msg_t message;
  zmq_msg_init(&message);
  while (window.phase != OVER) {
    if (zmq_msg_recv(&message, socket, 0) < 0) break;
    if ((window.count++ & 255) == 0) window_check(&window);
  }
  if (window.phase == MEASURING) window_close(&window, now_ms());
  zmq_msg_close(&message);
  await_line();
  return 0;
}
