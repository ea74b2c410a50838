/* Time, CPU and the measured window, as src/window.ts has them, for the programs that talk through libzmq alone. */
#ifndef MEASURE_H
#define MEASURE_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

static inline double now_ms(void) {
  struct timespec at;
  clock_gettime(CLOCK_MONOTONIC, &at);
  return at.tv_sec * 1e3 + at.tv_nsec / 1e6;
}

static inline double cpu_ns(void) {
  struct rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  return (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1e9 +
         (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) * 1e3;
}

static inline void fail(const char *what) {
  printf("%s failed\n", what);
  fflush(stdout);
  exit(1);
}

/* Waits for the word of the parent. */
static inline void await_line(void) {
  char line[64];
  if (fgets(line, sizeof line, stdin) == NULL) exit(0);
}

struct window {
  double warmup_ms, measure_ms, first_ms, begin_ms, begin_cpu;
  long count, begin_count;
  enum { WAITING, WARMING, MEASURING, OVER } phase;
};

static inline void window_close(struct window *w, double now) {
  long messages = w->count - w->begin_count;
  w->phase = OVER;
  printf("result {\"messagesPerSecond\":%.3f,\"cpuNsPerMessage\":%.3f}\n", messages / (now - w->begin_ms) * 1e3,
         (cpu_ns() - w->begin_cpu) / (messages > 0 ? messages : 1));
  fflush(stdout);
}

/* Call every few hundred messages. */
static inline void window_check(struct window *w) {
  double now = now_ms();
  if (w->phase == WAITING) {
    w->first_ms = now;
    w->phase = WARMING;
  } else if (w->phase == WARMING && now >= w->first_ms + w->warmup_ms) {
    w->begin_ms = now;
    w->begin_count = w->count;
    w->begin_cpu = cpu_ns();
    w->phase = MEASURING;
  } else if (w->phase == MEASURING && now >= w->begin_ms + w->measure_ms) {
    window_close(w, now);
  }
}

/* The port at the end of an endpoint such as tcp://127.0.0.1:4321. */
static inline const char *port_of(const char *endpoint) {
  return strrchr(endpoint, ':') + 1;
}

#endif
