// The messages of ../cpp.md: structs, and what of them is written in which order.
#pragma once

#include <bitsery/bitsery.h>
#include <bitsery/ext/growable.h>
#include <bitsery/ext/std_optional.h>
#include <bitsery/ext/std_variant.h>
#include <bitsery/ext/value_range.h>
#include <bitsery/traits/string.h>
#include <bitsery/traits/vector.h>

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

// The type behind an enum is on the wire: say it.
enum class Team : uint8_t { red, blue };

struct Join
{
  std::string name;
  Team team{};
  std::optional<std::string> ticket;
};

template <typename S>
void serialize(S& s, Join& o)
{
  s.text1b(o.name, 20);
  s.value1b(o.team);
  s.ext(o.ticket, bitsery::ext::StdOptional{}, [](S& s, std::string& ticket) { s.text1b(ticket, 64); });
}

// 6 bytes: 16 + 16 bits of place, 10 of heading, 2 of stance, 1 for the jump, 3 to fill up.
struct Move
{
  float x{};
  float y{};
  float heading{};
  uint8_t stance{};
  bool isJumping{};
};

template <typename S>
void serialize(S& s, Move& o)
{
  s.enableBitPacking([&o](typename S::BPEnabledType& bits) {
    using bitsery::ext::BitsConstraint;
    using bitsery::ext::ValueRange;
    bits.ext(o.x, ValueRange<float>{ -512.0f, 512.0f, BitsConstraint{ 16 } });
    bits.ext(o.y, ValueRange<float>{ -512.0f, 512.0f, BitsConstraint{ 16 } });
    bits.ext(o.heading, ValueRange<float>{ 0.0f, 360.0f, BitsConstraint{ 10 } });
    bits.ext(o.stance, ValueRange<uint8_t>{ 0, 2 });
    bits.boolValue(o.isJumping);
  });
}

struct Chat
{
  std::string line;
};

template <typename S>
void serialize(S& s, Chat& o)
{
  s.text1b(o.line, 200);
}

// What a client sends: the place in the list says which.
struct Command
{
  std::variant<Join, Move, Chat> body;
};

template <typename S>
void serialize(S& s, Command& o)
{
  s.ext(o.body, bitsery::ext::StdVariant{});
}

struct Rules
{
  uint8_t ticksPerSecond{};
  std::string map;
  // New fields only here, at the end.
};

struct Welcome
{
  uint32_t id{};
  Rules rules;
};

template <typename S>
void serialize(S& s, Welcome& o)
{
  s.value4b(o.id);
  s.ext(o.rules, bitsery::ext::Growable{}, [](S& s, Rules& rules) {
    s.value1b(rules.ticksPerSecond);
    s.text1b(rules.map, 30);
  });
}

struct Player
{
  uint32_t id{};
  Move move;
};

template <typename S>
void serialize(S& s, Player& o)
{
  s.value4b(o.id);
  s.object(o.move);
}

struct Snapshot
{
  std::vector<Player> players;
};

template <typename S>
void serialize(S& s, Snapshot& o)
{
  s.container(o.players, 64);
}

// What the server sends.
struct Event
{
  std::variant<Welcome, Snapshot, Chat> body;
};

template <typename S>
void serialize(S& s, Event& o)
{
  s.ext(o.body, bitsery::ext::StdVariant{});
}
