// One example for every page of ../types: prints "page name: bytes in hex", the contents of types.txt.
// g++ -std=c++17 -Wall -Wextra -I bitsery/include types.cpp -o types && ./types
#include <bitsery/adapter/buffer.h>
#include <bitsery/bitsery.h>
#include <bitsery/ext/compact_value.h>
#include <bitsery/ext/entropy.h>
#include <bitsery/ext/growable.h>
#include <bitsery/ext/inheritance.h>
#include <bitsery/ext/pointer.h>
#include <bitsery/ext/std_bitset.h>
#include <bitsery/ext/std_chrono.h>
#include <bitsery/ext/std_map.h>
#include <bitsery/ext/std_optional.h>
#include <bitsery/ext/std_queue.h>
#include <bitsery/ext/std_set.h>
#include <bitsery/ext/std_smart_ptr.h>
#include <bitsery/ext/std_stack.h>
#include <bitsery/ext/std_tuple.h>
#include <bitsery/ext/std_variant.h>
#include <bitsery/ext/value_range.h>
#include <bitsery/traits/array.h>
#include <bitsery/traits/deque.h>
#include <bitsery/traits/string.h>
#include <bitsery/traits/vector.h>

#include <array>
#include <cstdio>
#include <map>
#include <memory>
#include <set>
#include <vector>

using Bytes = std::vector<uint8_t>;

struct BigEndian : bitsery::DefaultConfig
{
  static constexpr bitsery::EndiannessType Endianness = bitsery::EndiannessType::BigEndian;
};

template <typename Config = bitsery::DefaultConfig, typename T>
void show(const char* name, const T& value)
{
  using Output = bitsery::OutputBufferAdapter<Bytes, Config>;
  Bytes bytes;
  bytes.resize(bitsery::quickSerialization<Output>(bytes, value));
  std::printf("%s:", name);
  for (auto byte : bytes) std::printf(" %02x", byte);
  std::printf("\n");
}

template <typename Context, typename T>
void showIn(Context& context, const char* name, const T& value)
{
  using Output = bitsery::OutputBufferAdapter<Bytes>;
  Bytes bytes;
  bytes.resize(bitsery::quickSerialization(context, Output{ bytes }, value));
  std::printf("%s:", name);
  for (auto byte : bytes) std::printf(" %02x", byte);
  std::printf("\n");
}

// integers
struct Integers
{
  uint8_t a;
  int16_t b;
  uint32_t c;
  int64_t d;
};

template <typename S>
void serialize(S& s, Integers& o)
{
  s.value1b(o.a);
  s.value2b(o.b);
  s.value4b(o.c);
  s.value8b(o.d);
}

// floats
struct Floats
{
  float a;
  double b;
};

template <typename S>
void serialize(S& s, Floats& o)
{
  s.value4b(o.a);
  s.value8b(o.b);
}

// bool
struct Flags
{
  bool a;
  bool b;
};

template <typename S>
void serialize(S& s, Flags& o)
{
  s.boolValue(o.a);
  s.boolValue(o.b);
}

// enumerations
enum class Color : uint8_t { red, green, blue };
enum class Level : int16_t { low = -1, high = 300 };

struct Paint
{
  Color color;
  Level level;
};

template <typename S>
void serialize(S& s, Paint& o)
{
  s.value1b(o.color);
  s.value2b(o.level);
}

// text
struct Names
{
  std::string name;
  std::u16string title;
  char tag[8];
};

template <typename S>
void serialize(S& s, Names& o)
{
  s.text1b(o.name, 30);
  s.text2b(o.title, 30);
  s.text1b(o.tag);
}

// bytes
struct Blob
{
  std::vector<uint8_t> data;
  std::array<uint8_t, 4> key;
};

template <typename S>
void serialize(S& s, Blob& o)
{
  s.container1b(o.data, 1000);
  s.container1b(o.key);
}

// arrays
struct Point
{
  int8_t x;
  int8_t y;
};

template <typename S>
void serialize(S& s, Point& o)
{
  s.value1b(o.x);
  s.value1b(o.y);
}

struct Lists
{
  std::vector<uint16_t> scores;
  std::vector<Point> path;
  std::vector<std::string> names;
  std::array<uint16_t, 2> pair;
};

template <typename S>
void serialize(S& s, Lists& o)
{
  s.container2b(o.scores, 100);
  s.container(o.path, 10);
  s.container(o.names, 5, [](S& s, std::string& name) { s.text1b(name, 20); });
  s.container2b(o.pair);
}

// structs
struct Monster
{
  int16_t hp;
  Point at;
};

template <typename S>
void serialize(S& s, Monster& o)
{
  s.value2b(o.hp);
  s.object(o.at);
}

// optional
struct Offer
{
  std::optional<uint16_t> price;
  std::optional<std::string> note;
  std::optional<Point> at;
};

template <typename S>
void serialize(S& s, Offer& o)
{
  s.ext2b(o.price, bitsery::ext::StdOptional{});
  s.ext(o.note, bitsery::ext::StdOptional{}, [](S& s, std::string& note) { s.text1b(note, 40); });
  s.ext(o.at, bitsery::ext::StdOptional{});
}

struct PackedOffer
{
  std::optional<uint8_t> a;
  std::optional<uint8_t> b;
};

template <typename S>
void serialize(S& s, PackedOffer& o)
{
  s.enableBitPacking([&o](typename S::BPEnabledType& bits) {
    bits.ext1b(o.a, bitsery::ext::StdOptional{ false });
    bits.ext1b(o.b, bitsery::ext::StdOptional{ true });
  });
}

// bits
template <typename Adapter, typename Context, typename T>
void rawBits(bitsery::Serializer<Adapter, Context>& s, T& value, size_t n)
{
  s.adapter().writeBits(value, n);
}

template <typename Adapter, typename Context, typename T>
void rawBits(bitsery::Deserializer<Adapter, Context>& s, T& value, size_t n)
{
  s.adapter().readBits(value, n);
}

struct Packed
{
  bool on;
  uint8_t mode;
  uint8_t level;
  bool last;
};

template <typename S>
void serialize(S& s, Packed& o)
{
  s.enableBitPacking([&o](typename S::BPEnabledType& bits) {
    bits.boolValue(o.on);
    rawBits(bits, o.mode, 3);
    bits.value1b(o.level);
    bits.adapter().align();
    bits.boolValue(o.last);
  });
}

// ranges
struct Stats
{
  uint16_t hp;
  int8_t mood;
  int64_t born;
};

template <typename S>
void serialize(S& s, Stats& o)
{
  s.enableBitPacking([&o](typename S::BPEnabledType& bits) {
    using bitsery::ext::ValueRange;
    bits.ext(o.hp, ValueRange<uint16_t>{ 0, 999 });
    bits.ext(o.mood, ValueRange<int8_t>{ -5, 5 });
    bits.ext(o.born, ValueRange<int64_t>{ 0, 1000000000000 });
  });
}

// float-ranges
struct Aim
{
  float x;
  float y;
  double turn;
};

template <typename S>
void serialize(S& s, Aim& o)
{
  s.enableBitPacking([&o](typename S::BPEnabledType& bits) {
    using bitsery::ext::BitsConstraint;
    using bitsery::ext::ValueRange;
    bits.ext(o.x, ValueRange<float>{ -1.0f, 1.0f, BitsConstraint{ 8 } });
    bits.ext(o.y, ValueRange<float>{ -1.0f, 1.0f, 0.01f });
    bits.ext(o.turn, ValueRange<double>{ 0.0, 360.0, BitsConstraint{ 10 } });
  });
}

// entropy
struct Drop
{
  uint16_t item;
  uint16_t count;
};

template <typename S>
void serialize(S& s, Drop& o)
{
  s.enableBitPacking([&o](typename S::BPEnabledType& bits) {
    std::array<uint16_t, 3> common{ 100, 200, 300 };
    bits.ext2b(o.item, bitsery::ext::Entropy<std::array<uint16_t, 3>>{ common, false });
    std::array<uint16_t, 1> one{ 1 };
    bits.ext2b(o.count, bitsery::ext::Entropy<std::array<uint16_t, 1>>{ one });
  });
}

// compact
struct Compact
{
  uint32_t a;
  int32_t b;
  uint64_t c;
};

template <typename S>
void serialize(S& s, Compact& o)
{
  s.ext4b(o.a, bitsery::ext::CompactValue{});
  s.ext4b(o.b, bitsery::ext::CompactValue{});
  s.ext(o.c, bitsery::ext::CompactValueAsObject{});
}

// growable
struct PlayerV1
{
  uint16_t hp;
};

struct PlayerV2
{
  uint16_t hp;
  std::string title;
};

struct EventV1
{
  PlayerV1 player;
  uint8_t seat;
};

struct EventV2
{
  PlayerV2 player;
  uint8_t seat;
};

template <typename S>
void serialize(S& s, EventV1& o)
{
  s.ext(o.player, bitsery::ext::Growable{}, [](S& s, PlayerV1& player) {
    s.value2b(player.hp);
  });
  s.value1b(o.seat);
}

template <typename S>
void serialize(S& s, EventV2& o)
{
  s.ext(o.player, bitsery::ext::Growable{}, [](S& s, PlayerV2& player) {
    s.value2b(player.hp);
    s.text1b(player.title, 30);
  });
  s.value1b(o.seat);
}

// maps
struct Scores
{
  std::map<std::string, uint16_t> points;
  std::multimap<uint8_t, uint8_t> hits;
};

template <typename S>
void serialize(S& s, Scores& o)
{
  s.ext(o.points, bitsery::ext::StdMap{ 100 }, [](S& s, std::string& name, uint16_t& points) {
    s.text1b(name, 20);
    s.value2b(points);
  });
  s.ext(o.hits, bitsery::ext::StdMap{ 100 }, [](S& s, uint8_t& place, uint8_t& count) {
    s.value1b(place);
    s.value1b(count);
  });
}

// sets
struct Sets
{
  std::set<uint16_t> rooms;
  std::multiset<uint8_t> dice;
};

template <typename S>
void serialize(S& s, Sets& o)
{
  s.ext2b(o.rooms, bitsery::ext::StdSet{ 50 });
  s.ext1b(o.dice, bitsery::ext::StdSet{ 50 });
}

// tuples
struct Pair
{
  std::tuple<uint8_t, std::string> entry;
};

template <typename S>
void serialize(S& s, Pair& o)
{
  using namespace bitsery::ext;
  s.ext(o.entry, StdTuple{
    OverloadValue<uint8_t, 1>{},
    [](S& s, std::string& name) { s.text1b(name, 20); },
  });
}

// variants
struct Circle
{
  float radius;
};

template <typename S>
void serialize(S& s, Circle& o)
{
  s.value4b(o.radius);
}

struct Figure
{
  std::variant<Circle, std::string, std::monostate> shape;
};

template <typename S>
void serialize(S& s, Figure& o)
{
  s.ext(o.shape, bitsery::ext::StdVariant{
    [](S& s, std::string& label) { s.text1b(label, 9); },
  });
}

// bitsets
struct Keys
{
  std::bitset<12> down;
};

template <typename S>
void serialize(S& s, Keys& o)
{
  s.ext(o.down, bitsery::ext::StdBitset{});
}

// time
struct Clocks
{
  std::chrono::duration<int32_t, std::milli> left;
  std::chrono::time_point<std::chrono::system_clock, std::chrono::duration<int64_t, std::milli>> start;
};

template <typename S>
void serialize(S& s, Clocks& o)
{
  s.ext4b(o.left, bitsery::ext::StdDuration{});
  s.ext8b(o.start, bitsery::ext::StdTimePoint{});
}

// queues-and-stacks
struct Line
{
  std::queue<uint8_t> waiting;
  std::stack<uint8_t> cards;
  std::priority_queue<uint8_t> urgent;
};

template <typename S>
void serialize(S& s, Line& o)
{
  s.ext1b(o.waiting, bitsery::ext::StdQueue{ 10 });
  s.ext1b(o.cards, bitsery::ext::StdStack{ 10 });
  s.ext1b(o.urgent, bitsery::ext::StdQueue{ 10 });
}

// base-structs
struct Entity
{
  uint8_t id;
};

template <typename S>
void serialize(S& s, Entity& o)
{
  s.value1b(o.id);
}

struct Player : Entity
{
  uint16_t hp;
};

template <typename S>
void serialize(S& s, Player& o)
{
  s.ext(o, bitsery::ext::BaseClass<Entity>{});
  s.value2b(o.hp);
}

struct Movable : virtual Entity
{
  uint8_t speed;
};

struct Visible : virtual Entity
{
  uint8_t model;
};

struct Car : Movable, Visible
{
  uint8_t wheels;
};

template <typename S>
void serialize(S& s, Movable& o)
{
  s.ext(o, bitsery::ext::VirtualBaseClass<Entity>{});
  s.value1b(o.speed);
}

template <typename S>
void serialize(S& s, Visible& o)
{
  s.ext(o, bitsery::ext::VirtualBaseClass<Entity>{});
  s.value1b(o.model);
}

template <typename S>
void serialize(S& s, Car& o)
{
  s.ext(o, bitsery::ext::BaseClass<Movable>{});
  s.ext(o, bitsery::ext::BaseClass<Visible>{});
  s.value1b(o.wheels);
}

// pointers
struct Node
{
  uint8_t weight;
};

template <typename S>
void serialize(S& s, Node& o)
{
  s.value1b(o.weight);
}

struct Graph
{
  std::unique_ptr<Node> root;
  Node* current;
  std::shared_ptr<Node> a;
  std::shared_ptr<Node> b;
  Node* none;
};

template <typename S>
void serialize(S& s, Graph& o)
{
  s.ext(o.root, bitsery::ext::StdSmartPtr{});
  s.ext(o.current, bitsery::ext::PointerObserver{});
  s.ext(o.a, bitsery::ext::StdSmartPtr{});
  s.ext(o.b, bitsery::ext::StdSmartPtr{});
  s.ext(o.none, bitsery::ext::PointerObserver{});
}

struct Board
{
  Node home;
  Node* chosen;
};

template <typename S>
void serialize(S& s, Board& o)
{
  s.ext(o.home, bitsery::ext::ReferencedByPointer{});
  s.ext(o.chosen, bitsery::ext::PointerObserver{});
}

// polymorphic
struct Shape
{
  virtual ~Shape() = 0;
};
inline Shape::~Shape() = default;

struct Disc : Shape
{
  uint16_t radius;
};

struct Box : Shape
{
  uint8_t width;
  uint8_t height;
};

template <typename S>
void serialize(S&, Shape&)
{
}

template <typename S>
void serialize(S& s, Disc& o)
{
  s.ext(o, bitsery::ext::BaseClass<Shape>{});
  s.value2b(o.radius);
}

template <typename S>
void serialize(S& s, Box& o)
{
  s.ext(o, bitsery::ext::BaseClass<Shape>{});
  s.value1b(o.width);
  s.value1b(o.height);
}

namespace bitsery {
namespace ext {
template <>
struct PolymorphicBaseClass<Shape> : PolymorphicDerivedClasses<Disc, Box>
{
};
}
}

struct Scene
{
  std::vector<std::shared_ptr<Shape>> shapes;
};

template <typename S>
void serialize(S& s, Scene& o)
{
  s.container(o.shapes, 50, [](S& s, std::shared_ptr<Shape>& shape) {
    s.ext(shape, bitsery::ext::StdSmartPtr{});
  });
}

void showScene()
{
  using namespace bitsery::ext;
  using Context = std::tuple<PointerLinkingContext, PolymorphicContext<StandardRTTI>>;
  using Writer = bitsery::Serializer<bitsery::OutputBufferAdapter<Bytes>, Context>;
  auto box = std::make_shared<Box>();
  box->width = 3;
  box->height = 4;
  auto disc = std::make_shared<Disc>();
  disc->radius = 500;
  Context context{};
  std::get<1>(context).registerBasesList<Writer>(PolymorphicClassesList<Shape>{});
  Scene scene;
  scene.shapes = { box, disc, box, nullptr };
  showIn(context, "polymorphic", scene);
}

// size-prefix
struct Empty
{
};

template <typename S>
void serialize(S&, Empty&)
{
}

struct Sized
{
  std::vector<Empty> list;
};

template <typename S>
void serialize(S& s, Sized& o)
{
  s.container(o.list, 100000);
}

int main()
{
  using namespace std::chrono;
  show("integers", Integers{ 1, -2, 70000, -1 });
  show<BigEndian>("integers", Integers{ 1, -2, 70000, -1 });
  show("floats", Floats{ 1.5f, -0.1 });
  show("bool", Flags{ true, false });
  show("enumerations", Paint{ Color::green, Level::high });
  show("text", Names{ "J\xc3\xb6", u"J\u00f6", "boss" });
  show("bytes", Blob{ { 0xde, 0xad }, { 1, 2, 3, 4 } });
  show("arrays", Lists{ { 7, 300 }, { { 1, -1 } }, { "a", "bc" }, { 8, 9 } });
  show("structs", Monster{ 90, { 3, -4 } });
  show("optional", Offer{ 500, std::nullopt, Point{ 1, 2 } });
  show("optional", PackedOffer{ 0xff, 7 });
  show("bits", Packed{ true, 5, 0xab, true });
  show("ranges", Stats{ 777, -2, 123456789012 });
  show("float-ranges", Aim{ 0.5f, -0.25f, 90.0 });
  show("entropy", Drop{ 200, 1 });
  show("entropy", Drop{ 0x1234, 5 });
  show("compact", Compact{ 300, -3, 0xffffffffffffffff });
  show("growable", EventV1{ { 90 }, 3 });
  show("growable", EventV2{ { 90, "Sir" }, 3 });
  show("maps", Scores{ { { "ada", 7 }, { "bob", 258 } }, { { 1, 10 }, { 1, 20 } } });
  show("sets", Sets{ { 300, 7 }, { 6, 2, 6 } });
  show("tuples", Pair{ { 7, "ada" } });
  show("variants", Figure{ Circle{ 1.5f } });
  show("variants", Figure{ std::string{ "hi" } });
  show("variants", Figure{ std::monostate{} });
  show("bitsets", Keys{ std::bitset<12>{ "100000000101" } });
  show("time", Clocks{ milliseconds{ 1500 }, time_point<system_clock, milliseconds>{ milliseconds{ 1700000000000 } } });
  Line line;
  for (uint8_t n : { 1, 2, 3 }) line.waiting.push(n);
  for (uint8_t n : { 1, 2, 3 }) line.cards.push(n);
  for (uint8_t n : { 1, 2, 3 }) line.urgent.push(n);
  show("queues-and-stacks", line);
  Player player;
  player.id = 7;
  player.hp = 90;
  show("base-structs", player);
  Car car;
  car.id = 7;
  car.speed = 50;
  car.model = 2;
  car.wheels = 4;
  bitsery::ext::InheritanceContext inheritance;
  showIn(inheritance, "base-structs", car);
  Graph graph{ std::make_unique<Node>(Node{ 10 }), nullptr, std::make_shared<Node>(Node{ 20 }), nullptr, nullptr };
  graph.current = graph.root.get();
  graph.b = graph.a;
  bitsery::ext::PointerLinkingContext links;
  showIn(links, "pointers", graph);
  Board board{ { 10 }, nullptr };
  board.chosen = &board.home;
  bitsery::ext::PointerLinkingContext boardLinks;
  showIn(boardLinks, "pointers", board);
  showScene();
  for (size_t size : { 5, 300, 70000 }) show("size-prefix", Sized{ std::vector<Empty>(size) });
  show<BigEndian>("size-prefix", Sized{ std::vector<Empty>(70000) });
}
