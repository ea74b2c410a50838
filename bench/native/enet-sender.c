/* Sends messages through ENet. Arguments: size warmup_ms measure_ms delivery mtu host port. Prints `ready`, `result {…}`. */
#include "enet.h"

static const double grace_ms = 250;

/* So many are ENet's at any time: it has no limit of its own. */
static const long waiting_max = 2048;
static long waiting = 0;

static void done(ENetPacket *packet) {
  (void)packet;
  waiting--;
}

int main(int argc, char **argv) {
  if (argc < 8) fail("arguments: size warmup_ms measure_ms delivery mtu host port;");
  size_t size = atoi(argv[1]);
  struct window window = {.warmup_ms = atof(argv[2]), .measure_ms = atof(argv[3])};
  enet_uint32 flags = strcmp(argv[4], "reliable") == 0 ? ENET_PACKET_FLAG_RELIABLE : ENET_PACKET_FLAG_UNSEQUENCED;
  ENetHost *host = host_on(NULL, atoi(argv[5]));
  ENetPeer *peer = connected(host, argv[6], atoi(argv[7]));
  ENetEvent event;
  enet_peer_throttle_configure(peer, 5000, ENET_PEER_PACKET_THROTTLE_SCALE, 0);
  printf("ready\n");
  fflush(stdout);
  await_line();

  char *body = malloc(size);
  memset(body, 7, size);
  int is_done = 0;
  while (!is_done) {
    while (waiting < waiting_max && !is_done) {
      ENetPacket *packet = enet_packet_create(body, size, flags);
      packet->freeCallback = done;
      waiting++;
      if (enet_peer_send(peer, 0, packet) != 0) fail("enet_peer_send");
      if ((window.count++ & 255) != 0) continue;
      if (window.phase != OVER) window_check(&window);
      else is_done = now_ms() > window.begin_ms + window.measure_ms + grace_ms;
    }
    /* It leaves, and what came is read, within a millisecond. */
    if (enet_host_service(host, &event, waiting < waiting_max ? 0 : 1) < 0) fail("enet_host_service");
  }
  enet_peer_disconnect_now(peer, 0);
  await_line();
  return 0;
}
