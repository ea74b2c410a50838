/* Sends messages through libzmq PUSH. Arguments: size warmup_ms measure_ms port. Prints `ready`, `result {…}`. */
#include "measure.h"
#include <zmq.h>

static const double grace_ms = 250;

int main(int argc, char **argv) {
  if (argc < 5) fail("arguments: size warmup_ms measure_ms port;");
  size_t size = atoi(argv[1]);
  struct window window = {.warmup_ms = atof(argv[2]), .measure_ms = atof(argv[3])};
  void *context = zmq_ctx_new();
  void *socket = zmq_socket(context, ZMQ_PUSH);
  int patience_ms = 5000, linger = 0;
  zmq_setsockopt(socket, ZMQ_SNDTIMEO, &patience_ms, sizeof patience_ms);
  zmq_setsockopt(socket, ZMQ_LINGER, &linger, sizeof linger);
  char endpoint[64];
  snprintf(endpoint, sizeof endpoint, "tcp://127.0.0.1:%s", argv[4]);
  if (zmq_connect(socket, endpoint) != 0) fail("zmq_connect");
  printf("ready\n");
  fflush(stdout);
  await_line();

  char *body = malloc(size);
  memset(body, 7, size);
  while (1) {
    if (zmq_send(socket, body, size, 0) < 0) break;
    if ((window.count++ & 255) != 0) continue;
    if (window.phase != OVER) window_check(&window);
    else if (now_ms() > window.begin_ms + window.measure_ms + grace_ms) break;
  }
  await_line();
  return 0;
}
