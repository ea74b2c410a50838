// The C++ library bitsery on the sets of the codec scenario: encodes into one reused vector, decodes into fresh objects.
// Arguments: warmup_ms measure_ms direction set variant file, where the file holds the aligned bytes of all objects of
// the set, one behind the other. Prints `ready`, `result {…}`. With the direction `print` it prints the bytes of each
// object as a line of hexadecimal digits instead: the packed bytes of vectors/move.json come from there.
#include <bitsery/adapter/buffer.h>
#include <bitsery/bitsery.h>
#include <bitsery/ext/growable.h>
#include <bitsery/ext/value_range.h>
#include <bitsery/traits/string.h>
#include <bitsery/traits/vector.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

using Bytes = std::vector<uint8_t>;
using Writer = bitsery::OutputBufferAdapter<Bytes>;
using Reader = bitsery::InputBufferAdapter<Bytes>;
enum class Variant { aligned, packed, growable };

static void fail(const std::string& what) {
  std::printf("%s\n", what.c_str());
  std::fflush(stdout);
  std::exit(1);
}

// One type a variant, so that each has the `serialize` that a program would have.
template <Variant variant>
struct Move {
  uint32_t id;
  uint16_t seq;
  float x, y, z, yaw;
  uint8_t flags;
  std::string name;

  template <typename S>
  void serialize(S& s) {
    if constexpr (variant == Variant::packed) {
      s.enableBitPacking([this](typename S::BPEnabledType& bits) {
        using bitsery::ext::BitsConstraint;
        using bitsery::ext::ValueRange;
        const ValueRange<float> place{-512.0f, 512.0f, BitsConstraint{18}};
        bits.ext(id, ValueRange<uint32_t>{0, 0xffffffff});
        bits.ext(seq, ValueRange<uint16_t>{0, 0xffff});
        bits.ext(x, place);
        bits.ext(y, place);
        bits.ext(z, place);
        bits.ext(yaw, ValueRange<float>{-512.0f, 512.0f, BitsConstraint{12}});
        bits.ext(flags, ValueRange<uint8_t>{0, 0xff});
        bits.text1b(name, 16);
      });
    } else {
      s.value4b(id);
      s.value2b(seq);
      s.value4b(x);
      s.value4b(y);
      s.value4b(z);
      s.value4b(yaw);
      s.value1b(flags);
      s.text1b(name, 16);
    }
  }
};

template <Variant variant>
struct Vec3 {
  float x, y, z;

  template <typename S>
  void serialize(S& s) {
    if constexpr (variant == Variant::packed) {
      s.enableBitPacking([this](typename S::BPEnabledType& bits) {
        const bitsery::ext::ValueRange<float> unit{-1.0f, 1.0f, 0.01f};
        bits.ext(x, unit);
        bits.ext(y, unit);
        bits.ext(z, unit);
      });
    } else {
      s.value4b(x);
      s.value4b(y);
      s.value4b(z);
    }
  }
};

struct Weapon {
  std::string name;
  int16_t damage;

  template <typename S>
  void serialize(S& s) {
    s.text1b(name, 10);
    s.value2b(damage);
  }
};

template <Variant variant>
struct Monster {
  uint8_t color;
  int16_t mana, hp;
  Weapon equipped;
  Vec3<variant> pos;
  std::vector<Vec3<variant>> path;
  std::vector<Weapon> weapons;
  std::vector<uint8_t> inventory;
  std::string name;

  template <typename S>
  void serialize(S& s) {
    if constexpr (variant == Variant::growable) {
      s.ext(*this, bitsery::ext::Growable{}, [](S& inner, Monster& self) { self.content(inner); });
    } else {
      content(s);
    }
  }

  template <typename S>
  void content(S& s) {
    s.value1b(color);
    s.value2b(mana);
    s.value2b(hp);
    s.object(equipped);
    s.object(pos);
    s.container(path, 10);
    s.container(weapons, 10);
    s.container1b(inventory, 10);
    s.text1b(name, 10);
  }
};

template <Variant variant>
struct Monsters {
  std::vector<Monster<variant>> list;

  template <typename S>
  void serialize(S& s) {
    s.container(list, 50);
  }
};

template <Variant variant>
static void convert(const Move<Variant::aligned>& from, Move<variant>& to) {
  to = {from.id, from.seq, from.x, from.y, from.z, from.yaw, from.flags, from.name};
}

template <Variant variant>
static void convert(const Monsters<Variant::aligned>& from, Monsters<variant>& to) {
  for (const auto& one : from.list) {
    const auto point = [](const Vec3<Variant::aligned>& at) { return Vec3<variant>{at.x, at.y, at.z}; };
    Monster<variant> copy{one.color, one.mana, one.hp, one.equipped, point(one.pos), {}, one.weapons, one.inventory,
                          one.name};
    for (const auto& at : one.path) copy.path.push_back(point(at));
    to.list.push_back(std::move(copy));
  }
}

template <typename T>
static std::vector<T> objects_of(const Bytes& bytes) {
  std::vector<T> list;
  size_t offset = 0;
  while (offset < bytes.size()) {
    bitsery::Deserializer<Reader> reader{bytes.begin() + offset, bytes.end()};
    T object{};
    reader.object(object);
    if (reader.adapter().error() != bitsery::ReaderError::NoError) fail("the file does not hold such objects");
    offset += reader.adapter().currentReadPos();
    list.push_back(std::move(object));
  }
  return list;
}

// Makes the compiler believe that the object is read.
template <typename T>
static void look_at(T& object) {
  asm volatile("" : : "g"(&object) : "memory");
}

static double now_ns() {
  using namespace std::chrono;
  return duration<double, std::nano>(steady_clock::now().time_since_epoch()).count();
}

// The mean time of one call of `pass`, which handles all objects once, in nanoseconds.
template <typename F>
static double time_of(double window_ms, size_t count, F pass) {
  const size_t passes = (1024 + count - 1) / count;
  const double begin = now_ns();
  double now = begin;
  size_t calls = 0;
  while (now - begin < window_ms * 1e6) {
    for (size_t i = 0; i < passes; i++) pass();
    calls += passes;
    now = now_ns();
  }
  return (now - begin) / calls;
}

template <typename Source, typename T>
static int run(char** argv, const Bytes& bytes) {
  const std::string direction = argv[3];
  std::vector<T> objects;
  std::vector<Bytes> encoded;
  size_t total = 0;
  for (const auto& source : objects_of<Source>(bytes)) {
    objects.emplace_back();
    convert(source, objects.back());
    Bytes own;
    own.resize(bitsery::quickSerialization(Writer{own}, objects.back()));
    total += own.size();
    if (direction == "print") {
      for (const uint8_t byte : own) std::printf("%02x", byte);
      std::printf("\n");
    }
    encoded.push_back(std::move(own));
  }
  if (direction == "print") return 0;

  std::printf("ready\n");
  std::fflush(stdout);
  char line[64];
  if (std::fgets(line, sizeof line, stdin) == nullptr) return 0;
  Bytes memory;
  const auto encode = [&] {
    for (auto& object : objects) {
      size_t size = bitsery::quickSerialization(Writer{memory}, object);
      look_at(size);
      look_at(*memory.data());
    }
  };
  const auto decode = [&] {
    for (const auto& own : encoded) {
      T fresh{};
      const auto state = bitsery::quickDeserialization(Reader{own.begin(), own.size()}, fresh);
      if (state.first != bitsery::ReaderError::NoError || !state.second) fail("decode failed");
      look_at(fresh);
    }
  };
  const auto measure = [&](double window_ms) {
    return direction == "encode" ? time_of(window_ms, objects.size(), encode)
                                 : time_of(window_ms, objects.size(), decode);
  };
  measure(std::atof(argv[1]));
  const double ns = measure(std::atof(argv[2])) / objects.size();
  std::printf("result {\"nsPerObject\":%.3f,\"objectsPerSecond\":%.3f,\"bytesPerObject\":%.3f}\n", ns, 1e9 / ns,
              double(total) / objects.size());
  std::fflush(stdout);
  // The parent's word that the worker may end.
  while (std::fgets(line, sizeof line, stdin) != nullptr) {
  }
  return 0;
}

int main(int argc, char** argv) {
  if (argc < 7) fail("arguments: warmup_ms measure_ms direction set variant file");
  const std::string set = argv[4], variant = argv[5];
  std::ifstream file(argv[6], std::ios::binary);
  const Bytes bytes{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  if (bytes.empty()) fail(std::string("nothing in ") + argv[6]);
  using AlignedMove = Move<Variant::aligned>;
  using AlignedMonsters = Monsters<Variant::aligned>;
  if (set == "move" && variant == "aligned") return run<AlignedMove, AlignedMove>(argv, bytes);
  if (set == "move" && variant == "packed") return run<AlignedMove, Move<Variant::packed>>(argv, bytes);
  if (set != "monsters") fail("no such set: " + set + " " + variant);
  if (variant == "packed") return run<AlignedMonsters, Monsters<Variant::packed>>(argv, bytes);
  if (variant == "growable") return run<AlignedMonsters, Monsters<Variant::growable>>(argv, bytes);
  return run<AlignedMonsters, AlignedMonsters>(argv, bytes);
}
