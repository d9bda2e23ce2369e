// This instruction set's table.
#include "cpu/kernels.h"

#define BHN_TEXT2(x) #x
#define BHN_TEXT(x) BHN_TEXT2(x)

namespace bhn::BHN_ISA {

#define BHN_ENTRY(result, name, arguments) name,
const Kernels table = {BHN_TEXT(BHN_ISA), BHN_CPU_KERNELS(BHN_ENTRY)};
#undef BHN_ENTRY

}  // namespace bhn::BHN_ISA
