// Just enough of Unreal's types to compile the other unreal files without the engine. Not for use in a game.
// Written after the engine's documented behaviour: TArray iterates with the least that a range-based for needs,
// FVector is an alias of a template in UE::Math, TCHAR has 16 bits.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

using int32 = std::int32_t;
using uint8 = std::uint8_t;
using uint32 = std::uint32_t;
using TCHAR = char16_t;
#define TEXT(text) u##text
#define USTRUCT(...)
#define UENUM(...)
#define UPROPERTY(...)
#define GENERATED_BODY()
#define THIRD_PARTY_INCLUDES_START
#define THIRD_PARTY_INCLUDES_END

template <typename T>
class TArray
{
public:
  // Only what a range-based for needs, as in the engine's development builds.
  template <typename E>
  struct Iterator
  {
    E* place;
    E& operator*() const { return *place; }
    Iterator& operator++()
    {
      ++place;
      return *this;
    }
    bool operator!=(const Iterator& other) const { return place != other.place; }
  };

  TArray() = default;
  TArray(std::initializer_list<T> values)
    : _values(values)
  {
  }

  int32 Num() const { return static_cast<int32>(_values.size()); }
  int32 Max() const { return static_cast<int32>(_values.capacity()); }
  T* GetData() { return _values.data(); }
  const T* GetData() const { return _values.data(); }
  void SetNum(int32 count) { _values.resize(static_cast<size_t>(count)); }
  void Append(const T* values, int32 count) { _values.insert(_values.end(), values, values + count); }
  void RemoveAt(int32 index, int32 count) { _values.erase(_values.begin() + index, _values.begin() + index + count); }
  T& operator[](int32 index) { return _values[static_cast<size_t>(index)]; }
  const T& operator[](int32 index) const { return _values[static_cast<size_t>(index)]; }
  Iterator<T> begin() { return { GetData() }; }
  Iterator<T> end() { return { GetData() + Num() }; }
  Iterator<const T> begin() const { return { GetData() }; }
  Iterator<const T> end() const { return { GetData() + Num() }; }

private:
  std::vector<T> _values;
};

class FString
{
public:
  FString() = default;
  FString(const TCHAR* text)
    : _text(text)
  {
  }
  FString(int32 length, const TCHAR* text)
    : _text(text, static_cast<size_t>(length))
  {
  }
  const TCHAR* operator*() const { return _text.c_str(); }
  int32 Len() const { return static_cast<int32>(_text.size()); }
  bool operator==(const FString& other) const { return _text == other._text; }

private:
  std::u16string _text;
};

// Characters up to U+FFFF are enough to try the adaptors.
class FTCHARToUTF8
{
public:
  explicit FTCHARToUTF8(const TCHAR* text)
  {
    for (; *text != 0; ++text) {
      const unsigned unit = *text;
      if (unit < 0x80) _bytes += static_cast<char>(unit);
      else if (unit < 0x800) _bytes += { static_cast<char>(0xc0 | unit >> 6), static_cast<char>(0x80 | (unit & 63)) };
      else
        _bytes += { static_cast<char>(0xe0 | unit >> 12), static_cast<char>(0x80 | (unit >> 6 & 63)),
                    static_cast<char>(0x80 | (unit & 63)) };
    }
  }
  const char* Get() const { return _bytes.c_str(); }
  int32 Length() const { return static_cast<int32>(_bytes.size()); }

private:
  std::string _bytes;
};

class FUTF8ToTCHAR
{
public:
  FUTF8ToTCHAR(const char* text, int32 length)
  {
    for (int32 i = 0; i < length;) {
      const unsigned byte = static_cast<unsigned char>(text[i]);
      const int32 size = byte < 0x80 ? 1 : byte < 0xe0 ? 2 : 3;
      unsigned unit = size == 1 ? byte : size == 2 ? byte & 31 : byte & 15;
      for (int32 k = 1; k < size && i + k < length; k++) unit = unit << 6 | (static_cast<unsigned char>(text[i + k]) & 63);
      _units += static_cast<TCHAR>(unit);
      i += size;
    }
  }
  const TCHAR* Get() const { return _units.c_str(); }
  int32 Length() const { return static_cast<int32>(_units.size()); }

private:
  std::u16string _units;
};

namespace UE {
namespace Math {
template <typename T>
struct TVector
{
  T X{}, Y{}, Z{};
};
template <typename T>
struct TRotator
{
  T Pitch{}, Yaw{}, Roll{};
  static T ClampAxis(T angle)
  {
    angle = std::fmod(angle, T(360));
    return angle < T(0) ? angle + T(360) : angle;
  }
};
}
}
using FVector = UE::Math::TVector<double>;
using FRotator = UE::Math::TRotator<double>;

// A socket that gives back what was sent, a few bytes at a time.
class FSocket
{
public:
  bool Send(const uint8* data, int32 count, int32& sent)
  {
    sent = std::min(count, 5);
    _bytes.Append(data, sent);
    return true;
  }
  bool HasPendingData(uint32& size)
  {
    size = static_cast<uint32>(_bytes.Num());
    return size > 0;
  }
  bool Recv(uint8* data, int32 count, int32& read)
  {
    read = std::min({ count, _bytes.Num(), 7 });
    std::copy(_bytes.GetData(), _bytes.GetData() + read, data);
    _bytes.RemoveAt(0, read);
    return true;
  }

private:
  TArray<uint8> _bytes;
};
