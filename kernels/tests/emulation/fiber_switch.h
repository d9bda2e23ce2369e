// How one fiber gives way to another.
#pragma once

// Saves the callee-saved registers and the stack pointer, and loads another fiber's.
extern "C" void bhn_switch_fiber(void** from, void* to);

// What it leaves on the stack of the fiber that waits: kFrame words, of which one says where to go on. A new fiber gets such a frame.
#if defined(__aarch64__)

constexpr int kFrame = 20, kGoOn = 11;

asm(R"(
.text
.globl bhn_switch_fiber
.hidden bhn_switch_fiber
.type bhn_switch_fiber, %function
bhn_switch_fiber:
  sub sp, sp, #160
  stp x19, x20, [sp]
  stp x21, x22, [sp, #16]
  stp x23, x24, [sp, #32]
  stp x25, x26, [sp, #48]
  stp x27, x28, [sp, #64]
  stp x29, x30, [sp, #80]
  stp d8, d9, [sp, #96]
  stp d10, d11, [sp, #112]
  stp d12, d13, [sp, #128]
  stp d14, d15, [sp, #144]
  mov x9, sp
  str x9, [x0]
  mov sp, x1
  ldp x19, x20, [sp]
  ldp x21, x22, [sp, #16]
  ldp x23, x24, [sp, #32]
  ldp x25, x26, [sp, #48]
  ldp x27, x28, [sp, #64]
  ldp x29, x30, [sp, #80]
  ldp d8, d9, [sp, #96]
  ldp d10, d11, [sp, #112]
  ldp d12, d13, [sp, #128]
  ldp d14, d15, [sp, #144]
  add sp, sp, #160
  ret
.size bhn_switch_fiber, .-bhn_switch_fiber
)");

#else

// Eight, though seven are left: at a function's entry the stack is 8 mod 16.
constexpr int kFrame = 8, kGoOn = 6;

asm(R"(
.text
.globl bhn_switch_fiber
.hidden bhn_switch_fiber
.type bhn_switch_fiber, @function
bhn_switch_fiber:
  pushq %rbp
  pushq %rbx
  pushq %r12
  pushq %r13
  pushq %r14
  pushq %r15
  movq %rsp, (%rdi)
  movq %rsi, %rsp
  popq %r15
  popq %r14
  popq %r13
  popq %r12
  popq %rbx
  popq %rbp
  ret
.size bhn_switch_fiber, .-bhn_switch_fiber
)");

#endif
