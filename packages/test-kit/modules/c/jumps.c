/* What a current clang makes of `setjmp` and `longjmp`: exceptions. Every export takes a seed and a size, and answers with a
   checksum of what it computed. */
#include <setjmp.h>
#include <stdint.h>

#define EXPORT(name) __attribute__((export_name(name)))

static jmp_buf way_out;

static uint32_t fold(uint32_t sum, uint32_t value) {
  sum = (sum ^ value) * 0x01000193u;
  return (sum << 5) | (sum >> 27);
}

/* Searches by recursion, and jumps out of all of it when it has found something. */
static uint32_t search(uint32_t value, uint32_t depth) {
  if (depth == 0) return value;
  if (value % 61 == 17) longjmp(way_out, (int)(depth | 1));
  return fold(search(fold(value, depth), depth - 1), search(value + depth, depth - 1));
}

EXPORT("jumps") uint32_t jumps(uint32_t seed, uint32_t size) {
  volatile uint32_t sum = seed;
  for (volatile uint32_t round = 0; round < size; round++) {
    int depth = setjmp(way_out);
    sum = depth == 0 ? fold(sum, search(seed + round, 6)) : fold(sum, (uint32_t)depth);
  }
  return sum;
}

/* Parses a generated sum of products by recursion, and jumps out at the first mistake in it. */
struct parser {
  uint32_t state;
  uint32_t left;
};

static uint32_t next_token(struct parser *parser) {
  parser->state ^= parser->state << 13;
  parser->state ^= parser->state >> 17;
  parser->state ^= parser->state << 5;
  if (parser->left-- == 0) longjmp(way_out, 2);
  return parser->state % 97;
}

static uint32_t parse(struct parser *parser, uint32_t depth) {
  uint32_t token = next_token(parser);
  if (token == 13) longjmp(way_out, 3);
  if (token < 40 && depth > 0) return parse(parser, depth - 1) * parse(parser, depth - 1);
  return token;
}

EXPORT("parses") uint32_t parses(uint32_t seed, uint32_t size) {
  volatile uint32_t sum = 0;
  for (volatile uint32_t round = 0; round < size; round++) {
    struct parser parser = {fold(seed, round) | 1, 20};
    int mistake = setjmp(way_out);
    if (mistake == 0) sum = fold(sum, parse(&parser, 9));
    else sum = fold(sum, (uint32_t)mistake);
  }
  return sum;
}

/* A plugin's entry: takes nothing, and answers with a checksum of everything above. */
EXPORT("run") uint32_t run(void) { return fold(jumps(1, 50), parses(2, 50)); }
