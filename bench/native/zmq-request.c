/* Asks through libzmq REQ and times each round trip. Arguments: size warmup_ms measure_ms port. */
#include "measure.h"
#include <zmq.h>

#define SAMPLES_MAX (1 << 20)

static int ascending(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

static double percentile(const double *sorted, long count, double fraction) {
  long rank = (long)(fraction * count + 0.999999);
  return sorted[rank < 1 ? 0 : rank - 1];
}

int main(int argc, char **argv) {
  if (argc < 5) fail("arguments: size warmup_ms measure_ms port;");
  size_t size = atoi(argv[1]);
  double warmup_ms = atof(argv[2]), measure_ms = atof(argv[3]);
  void *context = zmq_ctx_new();
  void *socket = zmq_socket(context, ZMQ_REQ);
  int patience_ms = 5000, linger = 0;
  zmq_setsockopt(socket, ZMQ_RCVTIMEO, &patience_ms, sizeof patience_ms);
  zmq_setsockopt(socket, ZMQ_LINGER, &linger, sizeof linger);
  char endpoint[64];
  snprintf(endpoint, sizeof endpoint, "tcp://127.0.0.1:%s", argv[4]);
  if (zmq_connect(socket, endpoint) != 0) fail("zmq_connect");
  printf("ready\n");
  fflush(stdout);
  await_line();

  char *body = calloc(1, size);
  double *samples = malloc(SAMPLES_MAX * sizeof(double));
  long count = 0;
  double first = now_ms(), end = first + warmup_ms + measure_ms, sent = first;
  while (sent < end && count < SAMPLES_MAX) {
    sent = now_ms();
    if (zmq_send(socket, body, size, 0) < 0) fail("zmq_send");
    if (zmq_recv(socket, body, size, 0) < 0) fail("zmq_recv");
    double now = now_ms();
    if (sent >= first + warmup_ms) samples[count++] = (now - sent) * 1e3;
  }
  if (count == 0) fail("measuring");
  qsort(samples, count, sizeof(double), ascending);
  printf("result {\"p50Us\":%.3f,\"p99Us\":%.3f,\"p999Us\":%.3f,\"roundTripsPerSecond\":%.3f}\n",
         percentile(samples, count, 0.5), percentile(samples, count, 0.99), percentile(samples, count, 0.999),
         count / measure_ms * 1e3);
  fflush(stdout);
  await_line();
  return 0;
}
