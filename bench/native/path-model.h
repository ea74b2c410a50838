/* What a path does to packets, in one direction: src/path-model.ts says the same, draw by draw. */
#ifndef PATH_MODEL_H
#define PATH_MODEL_H

#include <stdint.h>
#include <stdlib.h>

struct conditions {
  double loss, delay_ms, bytes_per_ms, queue_bytes, packet_size_max;
  double jitter_ms, duplication, reorder, reorder_ms;
};

struct path_model {
  struct conditions conditions;
  uint32_t random;
  double free_at;
  long carried, lost, overflowed, doubled, held;
};

/* The arguments from `argv` on, in the order of the conditions. */
enum { conditions_count = 9 };
static inline struct conditions conditions_of(char **argv) {
  return (struct conditions){.loss = atof(argv[0]),
                             .delay_ms = atof(argv[1]),
                             .bytes_per_ms = atof(argv[2]),
                             .queue_bytes = atof(argv[3]),
                             .packet_size_max = atof(argv[4]),
                             .jitter_ms = atof(argv[5]),
                             .duplication = atof(argv[6]),
                             .reorder = atof(argv[7]),
                             .reorder_ms = atof(argv[8])};
}

/* Of 1. */
static inline double path_draw(struct path_model *path) {
  path->random ^= path->random << 13;
  path->random ^= path->random >> 17;
  path->random ^= path->random << 5;
  return path->random / 4294967296.0;
}

static inline int path_happens(struct path_model *path, double share) {
  return share > 0 && path_draw(path) < share;
}

static inline double path_way(struct path_model *path) {
  const struct conditions *given = &path->conditions;
  double way = given->delay_ms;
  if (given->jitter_ms > 0) way += given->jitter_ms * (2 * path_draw(path) - 1);
  if (path_happens(path, given->reorder)) {
    path->held++;
    way += given->reorder_ms;
  }
  return way > 0 ? way : 0;
}

/* When the packet arrives: none, one or two times. */
static inline int path_carry(struct path_model *path, double size, double now, double at[2]) {
  const struct conditions *given = &path->conditions;
  double waits = path->free_at > now ? path->free_at - now : 0;
  int is_lost = path_draw(path) < given->loss;
  path->carried++;
  if (is_lost) {
    path->lost++;
    return 0;
  }
  if (size > given->packet_size_max || waits * given->bytes_per_ms + size > given->queue_bytes) {
    path->overflowed++;
    return 0;
  }
  path->free_at = now + waits + size / given->bytes_per_ms;
  at[0] = path->free_at + path_way(path);
  if (!path_happens(path, given->duplication)) return 1;
  path->doubled++;
  at[1] = path->free_at + path_way(path);
  return 2;
}

#endif
