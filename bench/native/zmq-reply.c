/* Sends every request back through libzmq REP. Prints `ready PORT`; its result is empty, the asker measures. */
#include "measure.h"
#include <zmq.h>

int main(void) {
  void *context = zmq_ctx_new();
  void *socket = zmq_socket(context, ZMQ_REP);
  int patience_ms = 1000, linger = 0;
  zmq_setsockopt(socket, ZMQ_RCVTIMEO, &patience_ms, sizeof patience_ms);
  zmq_setsockopt(socket, ZMQ_LINGER, &linger, sizeof linger);
  if (zmq_bind(socket, "tcp://127.0.0.1:*") != 0) fail("zmq_bind");
  char endpoint[256];
  size_t length = sizeof endpoint;
  zmq_getsockopt(socket, ZMQ_LAST_ENDPOINT, endpoint, &length);
  printf("ready %s\nresult {}\n", port_of(endpoint));
  fflush(stdout);
  await_line();

  char body[65536];
  while (1) {
    int size = zmq_recv(socket, body, sizeof body, 0);
    if (size < 0) break;
    if (zmq_send(socket, body, size, 0) < 0) break;
  }
  await_line();
  return 0;
}
