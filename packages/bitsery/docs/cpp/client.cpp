// A client in C++17 for the server of ../cpp.md: client <port>. Sockets are those of POSIX.
#include "frames.hpp"
#include "messages.hpp"

#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>

static bool sendAll(int socket, const Bytes& bytes)
{
  size_t sent = 0;
  while (sent < bytes.size()) {
    const auto count = ::send(socket, bytes.data() + sent, bytes.size() - sent, 0);
    if (count <= 0) return false;
    sent += static_cast<size_t>(count);
  }
  return true;
}

// Handles one event; true when it was the last one that is waited for.
static bool handle(int socket, const Event& event)
{
  if (const auto* welcome = std::get_if<Welcome>(&event.body)) {
    std::printf("welcome: id %u, map %s, %d ticks a second\n", welcome->id, welcome->rules.map.c_str(),
                welcome->rules.ticksPerSecond);
    sendAll(socket, frameOf(Command{ Move{ -100.0f, 256.0f, 90.0f, 1, true } }));
    sendAll(socket, frameOf(Command{ Chat{ "hi" } }));
  } else if (const auto* snapshot = std::get_if<Snapshot>(&event.body)) {
    for (const auto& player : snapshot->players)
      std::printf("player %u at %.2f, %.2f\n", player.id, player.move.x, player.move.y);
  } else if (const auto* chat = std::get_if<Chat>(&event.body)) {
    std::printf("%s\n", chat->line.c_str());
    return true;
  }
  return false;
}

int main(int, char** arguments)
{
  const int socket = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<uint16_t>(std::atoi(arguments[1])));
  ::inet_pton(AF_INET, "127.0.0.1", &address.sin_addr);
  if (::connect(socket, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) return 1;
  if (!sendAll(socket, frameOf(Command{ Join{ "ada", Team::blue, std::nullopt } }))) return 1;

  Frames frames;
  uint8_t chunk[4096];
  for (;;) {
    const auto count = ::recv(socket, chunk, sizeof chunk, 0);
    if (count <= 0) return 1;
    frames.push(chunk, static_cast<size_t>(count));
    Bytes bytes;
    while (frames.next(bytes)) {
      Event event;
      if (!decode(bytes, event)) return 2;
      if (handle(socket, event)) {
        ::close(socket);
        return 0;
      }
    }
    if (frames.isBroken) return 2;
  }
}
