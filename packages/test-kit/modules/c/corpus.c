/* What clang and wasi-libc make of ordinary work: every export takes a seed and a size, and answers with a checksum of
   what it computed. */
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define EXPORT(name) __attribute__((export_name(name)))

enum { journal_bytes = 4096, buckets = 512, order = 24 };

/* What earlier calls wrote, so that a later one depends on them. */
static char journal[journal_bytes];

static uint32_t random_state;

/* xorshift32 (Marsaglia, 2003). */
static uint32_t next_random(void) {
  random_state ^= random_state << 13;
  random_state ^= random_state >> 17;
  random_state ^= random_state << 5;
  return random_state;
}

static void seed_random(uint32_t seed) { random_state = seed | 1; }

static uint32_t fold(uint32_t sum, uint32_t value) {
  sum = (sum ^ value) * 0x01000193u;
  return (sum << 5) | (sum >> 27);
}

static int ascending(const void *a, const void *b) {
  uint32_t left = *(const uint32_t *)a, right = *(const uint32_t *)b;
  return (left > right) - (left < right);
}

static int by_last_digit(const void *a, const void *b) {
  int difference = (int)(*(const uint32_t *)a % 10) - (int)(*(const uint32_t *)b % 10);
  return difference != 0 ? difference : ascending(a, b);
}

EXPORT("sort") uint32_t sort(uint32_t seed, uint32_t size) {
  uint32_t *values = malloc((size + 1) * sizeof *values);
  if (values == NULL) return 0;
  seed_random(seed);
  for (uint32_t i = 0; i < size; i++) values[i] = next_random();
  qsort(values, size, sizeof *values, ascending);
  uint32_t sum = size;
  for (uint32_t i = 0; i < size; i++) sum = fold(sum, values[i]);
  qsort(values, size, sizeof *values, by_last_digit);
  for (uint32_t i = 0; i < size; i++) sum = fold(sum, values[i]);
  free(values);
  return sum;
}

struct entry {
  struct entry *next;
  uint32_t count;
  char word[8];
};

static uint32_t hash_of(const char *word) {
  uint32_t hash = 0x811c9dc5u;
  for (; *word != 0; word++) hash = (hash ^ (uint8_t)*word) * 0x01000193u;
  return hash;
}

EXPORT("words") uint32_t words(uint32_t seed, uint32_t size) {
  struct entry **table = calloc(buckets, sizeof *table);
  if (table == NULL) return 0;
  seed_random(seed);
  for (uint32_t i = 0; i < size; i++) {
    char word[8];
    uint32_t length = 1 + next_random() % 3;
    for (uint32_t at = 0; at < length; at++) word[at] = (char)('a' + next_random() % 12);
    word[length] = 0;
    struct entry **slot = &table[hash_of(word) % buckets];
    while (*slot != NULL && strcmp((*slot)->word, word) != 0) slot = &(*slot)->next;
    if (*slot == NULL) {
      *slot = calloc(1, sizeof **slot);
      if (*slot == NULL) return 0;
      strcpy((*slot)->word, word);
    }
    (*slot)->count += 1;
  }
  uint32_t sum = seed;
  for (uint32_t i = 0; i < buckets; i++) {
    for (struct entry *entry = table[i]; entry != NULL;) {
      struct entry *next = entry->next;
      sum = fold(fold(sum, entry->count), hash_of(entry->word));
      free(entry);
      entry = next;
    }
  }
  free(table);
  return sum;
}

/* Builds text out of numbers of every kind, and keeps the end of it. */
EXPORT("text") uint32_t text(uint32_t seed, uint32_t size) {
  seed_random(seed);
  for (uint32_t i = 0; i < size; i++) {
    char piece[96];
    uint32_t value = next_random();
    int length = snprintf(piece, sizeof piece, "%4u %08x %.3f %s; ", i, value, value / 7.0, value % 2 == 0 ? "even" : "odd");
    memmove(journal, journal + length, sizeof journal - (size_t)length);
    memcpy(journal + sizeof journal - (size_t)length, piece, (size_t)length);
  }
  uint32_t sum = seed;
  for (size_t i = 0; i < sizeof journal; i++) sum = fold(sum, (uint8_t)journal[i]);
  return sum;
}

/* Multiplies matrices, which becomes vector instructions, and takes a few functions of the results. */
EXPORT("floats") double floats(uint32_t seed, uint32_t size) {
  static float left[order][order], right[order][order], product[order][order];
  seed_random(seed);
  for (int row = 0; row < order; row++) {
    for (int column = 0; column < order; column++) {
      left[row][column] = (float)(next_random() % 1000) / 1000.0f;
      right[column][row] = (float)(next_random() % 1000) / 1000.0f;
    }
  }
  double sum = 0;
  for (uint32_t round = 0; round < size; round++) {
    for (int row = 0; row < order; row++) {
      for (int column = 0; column < order; column++) product[row][column] = 0;
      for (int inner = 0; inner < order; inner++) {
        for (int column = 0; column < order; column++) product[row][column] += left[row][inner] * right[inner][column];
      }
    }
    double corner = product[round % order][(round * 7) % order];
    sum += sin(corner) * pow(corner, 0.3) + log1p(fabs(corner)) - atan2(corner, 2.0) + (int)(corner * 1e3) % 7;
    left[round % order][0] = (float)sqrt(fabs(sum));
  }
  return sum;
}

static uint64_t queens(uint32_t size, uint32_t columns, uint32_t down, uint32_t up) {
  uint32_t all = (1u << size) - 1;
  if (columns == all) return 1;
  uint64_t found = 0;
  for (uint32_t free_columns = all & ~(columns | down | up); free_columns != 0; free_columns &= free_columns - 1) {
    uint32_t place = free_columns & -free_columns;
    found += queens(size, columns | place, (down | place) << 1, (up | place) >> 1);
  }
  return found;
}

/* Counts the ways to put queens on a small board, by recursion. */
EXPORT("tree") uint64_t tree(uint32_t seed, uint32_t size) { return queens(size % 9, 0, 0, 0) * 1000003u + seed; }

/* Tells what it is given, what time it is and a random number, on the standard output. */
EXPORT("print") uint32_t print(uint32_t seed, uint32_t size) {
  struct timespec now;
  uint32_t drawn = 0;
  if (clock_gettime(CLOCK_REALTIME, &now) != 0 || getentropy(&drawn, sizeof drawn) != 0) return 0;
  for (uint32_t i = 0; i < size; i++) printf("%u of %u: %u\n", i, size, seed);
  printf("at %lld.%09ld, drawn %u\n", (long long)now.tv_sec, now.tv_nsec, drawn);
  fflush(stdout);
  return drawn;
}

typedef uint32_t (*unary)(uint32_t);

/* Does what ordinary mistakes do, each of which is a trap; one in five returns. */
EXPORT("fail") uint32_t fail(uint32_t seed, uint32_t size) {
  volatile uint32_t zero = 0;
  switch (seed % 5) {
    case 0: return size / zero;
    case 1: return *(volatile uint32_t *)(uintptr_t)(0xfffffff0u - size);
    case 2: return ((unary)(uintptr_t)zero)(size);
    case 3: abort();
    default: return size + zero;
  }
}

/* A plugin's entry: takes nothing, and answers with a checksum of everything above that does not depend on the host. */
EXPORT("run") uint32_t run(void) {
  uint32_t sums[] = {sort(1, 100), words(2, 100), text(3, 20), (uint32_t)floats(4, 3), (uint32_t)tree(5, 7)};
  uint32_t sum = 0;
  for (size_t i = 0; i < sizeof sums / sizeof sums[0]; i++) sum = fold(sum, sums[i]);
  return sum;
}
