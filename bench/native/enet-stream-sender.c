/* Says the time 60 times a second through ENet. Arguments: warmup_ms measure_ms delivery mtu host port. Prints `ready`, `result {}`. */
#include "enet.h"

static const double tick_ms = 1000.0 / 60, grace_ms = 1000;

int main(int argc, char **argv) {
  if (argc < 7) fail("arguments: warmup_ms measure_ms delivery mtu host port;");
  enet_uint32 flags = strcmp(argv[3], "reliable") == 0 ? ENET_PACKET_FLAG_RELIABLE : 0;
  ENetHost *host = host_on(NULL, atoi(argv[4]));
  ENetPeer *peer = connected(host, argv[5], atoi(argv[6]));
  ENetEvent event;
  enet_peer_throttle_configure(peer, 5000, ENET_PEER_PACKET_THROTTLE_SCALE, 0);
  printf("ready\n");
  fflush(stdout);
  await_line();

  char body[64] = {0};
  double at = now_ms(), end = at + atof(argv[1]) + atof(argv[2]) + grace_ms;
  for (; at < end; at += tick_ms) {
    double now = now_ms();
    for (; now < at; now = now_ms()) enet_host_service(host, &event, at - now < 1 ? 0 : 1);
    memcpy(body, &now, sizeof now);
    if (enet_peer_send(peer, 0, enet_packet_create(body, sizeof body, flags)) != 0) fail("enet_peer_send");
    enet_host_flush(host);
  }
  printf("result {}\n");
  fflush(stdout);
  await_line();
  return 0;
}
