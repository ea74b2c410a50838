// Prints the messages of ../cpp.md: the contents of messages.txt, which the page and its TypeScript are held against.
#include "frames.hpp"
#include "messages.hpp"

#include <cstdio>

template <typename Message>
void show(const Message& message)
{
  std::printf("cpp:");
  for (auto byte : frameOf(message)) std::printf(" %02x", byte);
  std::printf("\n");
}

int main()
{
  show(Command{ Join{ "ada", Team::blue, std::nullopt } });
  show(Command{ Join{ "ada", Team::blue, "t1" } });
  show(Command{ Move{ -100.0f, 256.0f, 90.0f, 1, true } });
  show(Command{ Chat{ "hi" } });
  show(Event{ Welcome{ 7, Rules{ 30, "harbour" } } });
  show(Event{ Snapshot{ { Player{ 7, Move{ -100.0f, 256.0f, 90.0f, 1, true } } } } });
  show(Event{ Chat{ "ada: hi" } });
}
