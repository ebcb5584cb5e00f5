// Counts calls of the allocator and of Swift's reference counting in a program it is loaded into first, and prints them when it ends.
//
//     clang -O2 -shared -fPIC -o liballocations.so allocations.c -ldl
//     LD_PRELOAD=./liballocations.so credence bench eight-schools --batches 10
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>

extern void *__libc_malloc(size_t);
extern void *__libc_calloc(size_t, size_t);
extern void *__libc_realloc(void *, size_t);
extern void *__libc_memalign(size_t, size_t);

static atomic_ulong allocations, retains;
static void *(*next_retain)(void *);
static void *(*next_bridge_retain)(void *);

void *malloc(size_t n) {
  atomic_fetch_add(&allocations, 1);
  return __libc_malloc(n);
}

void *calloc(size_t n, size_t m) {
  atomic_fetch_add(&allocations, 1);
  return __libc_calloc(n, m);
}

void *realloc(void *p, size_t n) {
  atomic_fetch_add(&allocations, 1);
  return __libc_realloc(p, n);
}

int posix_memalign(void **p, size_t alignment, size_t n) {
  atomic_fetch_add(&allocations, 1);
  *p = __libc_memalign(alignment, n);
  return *p ? 0 : 12;
}

void *aligned_alloc(size_t alignment, size_t n) {
  atomic_fetch_add(&allocations, 1);
  return __libc_memalign(alignment, n);
}

void *swift_retain(void *object) {
  atomic_fetch_add(&retains, 1);
  if (!next_retain) next_retain = (void *(*)(void *))dlsym(RTLD_NEXT, "swift_retain");
  return next_retain(object);
}

void *swift_bridgeObjectRetain(void *object) {
  atomic_fetch_add(&retains, 1);
  if (!next_bridge_retain) next_bridge_retain = (void *(*)(void *))dlsym(RTLD_NEXT, "swift_bridgeObjectRetain");
  return next_bridge_retain(object);
}

__attribute__((destructor)) static void report(void) {
  fprintf(stderr, "\nallocations %lu retains %lu\n", (unsigned long)allocations, (unsigned long)retains);
}
