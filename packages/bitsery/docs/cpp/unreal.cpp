// Prints the messages of ../unreal.md (unreal.txt), and sends them through the link and back.
#include "unreal-link.hpp"
#include "unreal-messages.hpp"

#include <cstdio>
#include <cstdlib>

static void expect(bool isRight, const char* what)
{
  if (isRight) return;
  std::fprintf(stderr, "wrong: %s\n", what);
  std::exit(1);
}

template <typename T>
static void show(const T& message)
{
  TArray<uint8> bytes;
  FBitseryBuffer buffer{ bytes };
  const auto size = bitsery::quickSerialization<bitsery::OutputBufferAdapter<FBitseryBuffer>>(buffer, message);
  std::printf("unreal:");
  for (size_t i = 0; i < size; i++) std::printf(" %02x", bytes[static_cast<int32>(i)]);
  std::printf("\n");
}

int main()
{
  const FCommand join{ FJoin{ TEXT("J\u00f6\u20ac"), ETeam::Blue, { 7, -1 } } };
  const FCommand move{ FMove{ { 100.5, -2.25, 90.0 }, { 45.0, -90.0, 0.0 }, true } };
  show(join);
  show(move);

  FSocket socket;
  FGameLink link(socket);
  expect(link.Send(join) && link.Send(move), "sending");
  int32 count = 0;
  const bool isOpen = link.Receive<FCommand>([&](const FCommand& command) {
    if (const auto* body = std::get_if<FJoin>(&command.Body)) {
      expect(count++ == 0 && body->Name == FString(TEXT("J\u00f6\u20ac")), "the name");
      expect(body->Team == ETeam::Blue && body->Friends.Num() == 2 && body->Friends[1] == -1, "the join");
    } else if (const auto* moved = std::get_if<FMove>(&command.Body)) {
      expect(count++ == 1 && moved->Place.X == 100.5 && moved->Place.Y == -2.25 && moved->Place.Z == 90.0, "the place");
      expect(std::abs(moved->View.Yaw - 270.0) < 0.01 && std::abs(moved->View.Pitch - 45.0) < 0.05, "the view");
      expect(moved->bIsJumping, "the jump");
    }
  });
  expect(isOpen && count == 2, "receiving");
}
