// Whole messages over an FSocket: each behind its length, 4 bytes, least significant first.
#pragma once

#include "unreal.hpp"

#if __has_include("Sockets.h")
#include "Sockets.h"
#endif

class FGameLink
{
public:
  static constexpr int32 SizeMax = 65536;

  explicit FGameLink(FSocket& socket)
    : Socket(socket)
  {
  }

  template <typename T>
  bool Send(const T& message)
  {
    TArray<uint8> body;
    FBitseryBuffer buffer{ body };
    const auto size = static_cast<int32>(
      bitsery::quickSerialization<bitsery::OutputBufferAdapter<FBitseryBuffer>>(buffer, message));
    const uint8 head[4] = { static_cast<uint8>(size), static_cast<uint8>(size >> 8),
                            static_cast<uint8>(size >> 16), static_cast<uint8>(size >> 24) };
    return SendAll(head, 4) && SendAll(body.GetData(), size);
  }

  // Call it once a frame: hands every whole message that has come to `handle`. False: close the connection.
  template <typename T, typename Handle>
  bool Receive(Handle&& handle)
  {
    uint32 pending = 0;
    while (Socket.HasPendingData(pending)) {
      uint8 chunk[2048];
      int32 read = 0;
      if (!Socket.Recv(chunk, sizeof chunk, read) || read <= 0) return false;
      Received.Append(chunk, read);
    }
    while (Received.Num() >= 4) {
      const uint8* head = Received.GetData();
      const uint32 size = head[0] | head[1] << 8 | head[2] << 16 | static_cast<uint32>(head[3]) << 24;
      if (size > static_cast<uint32>(SizeMax)) return false;
      if (static_cast<uint32>(Received.Num()) < 4 + size) break;
      T message{};
      const auto [error, isCompleted] =
        bitsery::quickDeserialization<bitsery::InputBufferAdapter<const uint8*>>({ head + 4, static_cast<size_t>(size) }, message);
      if (error != bitsery::ReaderError::NoError || !isCompleted) return false;
      Received.RemoveAt(0, static_cast<int32>(4 + size));
      handle(message);
    }
    return true;
  }

private:
  bool SendAll(const uint8* data, int32 count)
  {
    while (count > 0) {
      int32 sent = 0;
      if (!Socket.Send(data, count, sent) || sent <= 0) return false;
      data += sent;
      count -= sent;
    }
    return true;
  }

  FSocket& Socket;
  TArray<uint8> Received;
};
