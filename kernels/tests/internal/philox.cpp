// Known answers of Philox4x32-10, from the Random123 distribution (kat_vectors).
#include "philox.h"

#include "check.h"

namespace {

void vectors() {
  struct Known {
    uint32_t c[4], k[2], want[4];
  };
  const Known all[] = {
      {{0, 0, 0, 0}, {0, 0}, {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}},
      {{0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff}, {0xffffffff, 0xffffffff}, {0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}},
      {{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, {0xa4093822, 0x299f31d0}, {0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}},
  };
  for (const Known& known : all) {
    auto got = bhn::philox::philox4x32(known.c[0], known.c[1], known.c[2], known.c[3], known.k[0], known.k[1]);
    CHECK(std::memcmp(got.x, known.want, sizeof known.want) == 0);
  }
}

}  // namespace

TEST_MAIN(vectors)
