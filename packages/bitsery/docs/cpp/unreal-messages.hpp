// The messages of ../unreal.md: USTRUCTs, and what of them is written in which order.
#pragma once

#include "unreal.hpp"

UENUM(BlueprintType)
enum class ETeam : uint8
{
  Red,
  Blue
};

USTRUCT(BlueprintType)
struct FJoin
{
  GENERATED_BODY()

  UPROPERTY(BlueprintReadWrite)
  FString Name;

  UPROPERTY(BlueprintReadWrite)
  ETeam Team = ETeam::Red;

  UPROPERTY(BlueprintReadWrite)
  TArray<int32> Friends;
};

template <typename S>
void serialize(S& s, FJoin& o)
{
  s.ext(o.Name, Utf8{ 60 });
  s.value1b(o.Team);
  s.container4b(o.Friends, 100);
}

USTRUCT(BlueprintType)
struct FMove
{
  GENERATED_BODY()

  UPROPERTY(BlueprintReadWrite)
  FVector Place;

  UPROPERTY(BlueprintReadWrite)
  FRotator View;

  UPROPERTY(BlueprintReadWrite)
  bool bIsJumping = false;
};

template <typename S>
void serialize(S& s, FMove& o)
{
  s.ext(o.Place, AsFloats{});
  s.enableBitPacking([&o](typename S::BPEnabledType& bits) {
    bits.ext(o.View.Pitch, Quantised{ -90.0f, 90.0f, 12 });
    bits.ext(o.View.Yaw, Angle{ 16 });
    bits.boolValue(o.bIsJumping);
  });
}

// No USTRUCT: the place in the list is the kind of the message.
struct FCommand
{
  std::variant<FJoin, FMove> Body;
};

template <typename S>
void serialize(S& s, FCommand& o)
{
  s.ext(o.Body, bitsery::ext::StdVariant{});
}
