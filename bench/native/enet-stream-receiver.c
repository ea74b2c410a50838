/* Hears the times of a sender through ENet, and how late they are. Arguments: warmup_ms measure_ms delivery mtu host. Prints `ready PORT`, `result {…}`. */
#include "enet.h"

static const double patience_ms = 5000;

enum { late_max = 1 << 20 };
static double late[late_max];

static int ascending(const void *one, const void *two) {
  double a = *(const double *)one, b = *(const double *)two;
  return (a > b) - (a < b);
}

int main(int argc, char **argv) {
  if (argc < 6) fail("arguments: warmup_ms measure_ms delivery mtu host;");
  ENetHost *host = host_on(argv[5], atoi(argv[4]));
  printf("ready %d\n", port_of_host(host));
  fflush(stdout);

  double first = 0, begin = 0, end = 0;
  int count = 0;
  ENetEvent event;
  while (count < late_max && service(host, &event, patience_ms) > 0) {
    if (event.type != ENET_EVENT_TYPE_RECEIVE) continue;
    double sent, now = now_ms();
    memcpy(&sent, event.packet->data, sizeof sent);
    enet_packet_destroy(event.packet);
    if (first == 0) {
      first = sent;
      begin = first + atof(argv[1]);
      end = begin + atof(argv[2]);
    }
    if (sent >= end) break;
    if (sent >= begin) late[count++] = now - sent;
  }
  if (count == 0) fail("receiving");
  qsort(late, count, sizeof late[0], ascending);
  printf("result {\"medianNs\":%.0f,\"p99Ns\":%.0f,\"arrived\":%d}\n", late[count / 2] * 1e6,
         late[(int)(count * 0.99)] * 1e6, count);
  fflush(stdout);
  await_line();
  await_line();
  return 0;
}
