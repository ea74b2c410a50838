/* What the programs that talk through ENet share. */
#ifndef BENCH_ENET_H
#define BENCH_ENET_H

#include "measure.h"
#include <enet/enet.h>

/* ENet's own datagrams end at 1,392 bytes; the loopback carries the largest that it knows. */
static inline ENetHost *host_on_loopback(enet_uint16 port, size_t peers) {
  ENetAddress address = {.port = port};
  if (enet_initialize() != 0) fail("enet_initialize");
  enet_address_set_host_ip(&address, "127.0.0.1");
  ENetHost *host = enet_host_create(&address, peers, 1, 0, 0);
  if (host == NULL) fail("enet_host_create");
  host->mtu = ENET_PROTOCOL_MAXIMUM_MTU;
  enet_socket_set_option(host->socket, ENET_SOCKOPT_RCVBUF, 4 * 1024 * 1024);
  enet_socket_set_option(host->socket, ENET_SOCKOPT_SNDBUF, 4 * 1024 * 1024);
  return host;
}

static inline enet_uint16 port_of_host(ENetHost *host) {
  ENetAddress address;
  if (enet_socket_get_address(host->socket, &address) != 0) fail("enet_socket_get_address");
  return address.port;
}

#endif
