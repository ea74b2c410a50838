/* Receives messages through ENet. Arguments: size warmup_ms measure_ms delivery mtu host. Prints `ready PORT`, `result {…}`. */
#include "enet.h"

static const double patience_ms = 5000;

int main(int argc, char **argv) {
  if (argc < 7) fail("arguments: size warmup_ms measure_ms delivery mtu host;");
  struct window window = {.warmup_ms = atof(argv[2]), .measure_ms = atof(argv[3])};
  ENetHost *host = host_on(argv[6], atoi(argv[5]));
  printf("ready %d\n", port_of_host(host));
  fflush(stdout);

  /* It must answer a peer before both may start, so it doesn't wait for the word. */
  ENetEvent event;
  while (window.phase != OVER) {
    int heard = service(host, &event, patience_ms);
    if (heard <= 0) break;
    if (event.type == ENET_EVENT_TYPE_DISCONNECT) break;
    if (event.type != ENET_EVENT_TYPE_RECEIVE) continue;
    enet_packet_destroy(event.packet);
    if ((window.count++ & 255) == 0) window_check(&window);
  }
  if (window.phase == MEASURING) window_close(&window, now_ms());
  await_line();
  await_line();
  return 0;
}
