// Adaptors between Unreal's types and bitsery, see ../unreal.md.
#pragma once

#if __has_include("CoreMinimal.h")
#include "CoreMinimal.h"
#else
#include "unreal-stand-ins.hpp"
#endif

THIRD_PARTY_INCLUDES_START
#include <bitsery/adapter/buffer.h>
#include <bitsery/bitsery.h>
#include <bitsery/ext/std_variant.h>
#include <bitsery/ext/value_range.h>
#include <bitsery/traits/string.h>
#include <bitsery/traits/vector.h>
THIRD_PARTY_INCLUDES_END

// A TArray as a growing output buffer. Its own iterators aren't pointers in every build: these are.
struct FBitseryBuffer
{
  TArray<uint8>& Bytes;
  uint8* begin() { return Bytes.GetData(); }
  uint8* end() { return Bytes.GetData() + Bytes.Num(); }
};

// An FString as UTF-8: text(Max) in TypeScript. Max counts bytes.
struct Utf8
{
  size_t Max;

  template <typename S, typename Fnc>
  void serialize(S& s, const FString& text, Fnc&&) const
  {
    const FTCHARToUTF8 utf8(*text);
    const auto* bytes = reinterpret_cast<const char*>(utf8.Get());
    s.text1b(std::string(bytes, static_cast<size_t>(utf8.Length())), Max);
  }

  template <typename S, typename Fnc>
  void deserialize(S& s, FString& text, Fnc&&) const
  {
    std::string utf8;
    s.text1b(utf8, Max);
    const FUTF8ToTCHAR units(utf8.data(), static_cast<int32>(utf8.size()));
    text = FString(units.Length(), units.Get());
  }
};

// An FVector (doubles) as three floats: { x: f32, y: f32, z: f32 } in TypeScript.
struct AsFloats
{
  template <typename S, typename Fnc>
  void serialize(S& s, const FVector& vector, Fnc&&) const
  {
    for (const double value : { vector.X, vector.Y, vector.Z }) s.value4b(static_cast<float>(value));
  }

  template <typename S, typename Fnc>
  void deserialize(S& s, FVector& vector, Fnc&&) const
  {
    float x{}, y{}, z{};
    s.value4b(x);
    s.value4b(y);
    s.value4b(z);
    vector.X = x;
    vector.Y = y;
    vector.Z = z;
  }
};

// A double as a float range of few bits: rangeFloat(f32, Min, Max, { bits: Bits }) in TypeScript.
struct Quantised
{
  float Min;
  float Max;
  size_t Bits;

  bitsery::ext::ValueRange<float> Range() const { return { Min, Max, bitsery::ext::BitsConstraint{ Bits } }; }

  template <typename S, typename Fnc>
  void serialize(S& s, const double& value, Fnc&&) const
  {
    // Outside its bounds a value would corrupt its neighbours.
    s.ext(std::min(std::max(static_cast<float>(value), Min), Max), Range());
  }

  template <typename S, typename Fnc>
  void deserialize(S& s, double& value, Fnc&&) const
  {
    float number{};
    s.ext(number, Range());
    value = number;
  }
};

// An angle in degrees, of any sign and size: the same bytes with 0 and 360 as bounds.
struct Angle
{
  size_t Bits;

  template <typename S, typename Fnc>
  void serialize(S& s, const double& angle, Fnc&&) const
  {
    s.ext(FRotator::ClampAxis(angle), Quantised{ 0.0f, 360.0f, Bits });
  }

  template <typename S, typename Fnc>
  void deserialize(S& s, double& angle, Fnc&&) const
  {
    s.ext(angle, Quantised{ 0.0f, 360.0f, Bits });
  }
};

namespace bitsery {
namespace traits {

// Not contiguous: element by element through the iterators of TArray, which know little more than ++ and *.
template <typename T>
struct ContainerTraits<TArray<T>>
{
  using TValue = T;
  static constexpr bool isResizable = true;
  static constexpr bool isContiguous = false;
  static size_t size(const TArray<T>& array) { return static_cast<size_t>(array.Num()); }
  static void resize(TArray<T>& array, size_t size) { array.SetNum(static_cast<int32>(size)); }
};

template <>
struct ContainerTraits<FBitseryBuffer>
{
  using TValue = uint8;
  static constexpr bool isResizable = true;
  static constexpr bool isContiguous = true;
  static size_t size(const FBitseryBuffer& buffer) { return static_cast<size_t>(buffer.Bytes.Num()); }
  static void resize(FBitseryBuffer& buffer, size_t size) { buffer.Bytes.SetNum(static_cast<int32>(size)); }
};

template <>
struct BufferAdapterTraits<FBitseryBuffer>
{
  using TIterator = uint8*;
  using TConstIterator = const uint8*;
  using TValue = uint8;
  static void increaseBufferSize(FBitseryBuffer& buffer, size_t, size_t minSize)
  {
    const auto doubled = static_cast<size_t>(buffer.Bytes.Num()) * 2;
    buffer.Bytes.SetNum(static_cast<int32>(std::max(doubled, minSize)));
  }
};

// s.ext(value, Extension{}): nothing else is supported.
struct PlainExtension
{
  using TValue = void;
  static constexpr bool SupportValueOverload = false;
  static constexpr bool SupportObjectOverload = true;
  static constexpr bool SupportLambdaOverload = false;
};

template <>
struct ExtensionTraits<Utf8, FString> : PlainExtension
{
};

template <>
struct ExtensionTraits<AsFloats, FVector> : PlainExtension
{
};

template <>
struct ExtensionTraits<Quantised, double> : PlainExtension
{
};

template <>
struct ExtensionTraits<Angle, double> : PlainExtension
{
};

}
}
