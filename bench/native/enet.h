/* What the programs that talk through ENet share. */
#ifndef BENCH_ENET_H
#define BENCH_ENET_H

#include "measure.h"
#include <enet/enet.h>

/* A host for one peer, on an address of this machine or on all of them. ENet finds out no size of datagrams: it is told. */
static inline ENetHost *host_on(const char *own, int mtu) {
  ENetAddress address = {.host = ENET_HOST_ANY, .port = ENET_PORT_ANY};
  if (enet_initialize() != 0) fail("enet_initialize");
  if (own != NULL) enet_address_set_host_ip(&address, own);
  ENetHost *host = enet_host_create(&address, 1, 1, 0, 0);
  if (host == NULL) fail("enet_host_create");
  host->mtu = mtu;
  enet_socket_set_option(host->socket, ENET_SOCKOPT_RCVBUF, 4 * 1024 * 1024);
  enet_socket_set_option(host->socket, ENET_SOCKOPT_SNDBUF, 4 * 1024 * 1024);
  return host;
}

static inline enet_uint16 port_of_host(ENetHost *host) {
  ENetAddress address;
  if (enet_socket_get_address(host->socket, &address) != 0) fail("enet_socket_get_address");
  return address.port;
}

/* Waits for an event. ENet sends nothing again while it waits, so it is called each millisecond. */
static inline int service(ENetHost *host, ENetEvent *event, double patience_ms) {
  double end = now_ms() + patience_ms;
  int heard;
  do heard = enet_host_service(host, event, 1);
  while (heard == 0 && now_ms() < end);
  return heard;
}

static inline ENetPeer *connected(ENetHost *host, const char *to, enet_uint16 port) {
  ENetAddress address = {.port = port};
  enet_address_set_host_ip(&address, to);
  ENetPeer *peer = enet_host_connect(host, &address, 1, 0);
  ENetEvent event;
  if (peer == NULL || service(host, &event, 5000) <= 0 || event.type != ENET_EVENT_TYPE_CONNECT)
    fail("enet_host_connect");
  return peer;
}

#endif
