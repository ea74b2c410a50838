/*
 * A path between two networks of the kernel, each in a namespace with a TUN device: what one sends, the other gets as the model of the path says.
 * Namespaces and devices have no names. They end with this program and the programs in them, however those end.
 *
 * Arguments: seed, conditions, and the kernel's congestion control for tcp or `default`. Prints `ready {…}`, or `not run WHY`; a
 * `result {…}` of what it did for each line that it reads; ends when its input ends.
 *
 * `enter NAMESPACE PROGRAM ARGUMENTS…` runs a program in one of the two.
 */
#define _GNU_SOURCE
#include "measure.h"
#include "path-model.h"
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

/* What is on its way at most, in both directions: more is dropped. */
static const long under_way_max = 64L * 1024 * 1024;

/* Packets of a device that are read before others are looked after. */
enum { stride = 64, packet_max = 65536 };

/* So many packets may wait in a device for this program. */
static const int device_queue = 10000;

static const char *const addresses[2] = {"10.77.0.1", "10.77.0.2"};

struct carry {
  double at;
  long number;
  int to, size;
  unsigned char *bytes;
};

static struct {
  struct carry *carries;
  int count, room;
} heap;

static long next_number, under_way, arrived, dropped;

/* How late packets were delivered, in steps of 10 µs up to 100 ms. */
enum { late_steps = 10000 };
static long late[late_steps];
static double late_max;

static void not_run(const char *what) {
  if (errno == EPERM || errno == EACCES)
    printf("not run a network of the kernel takes root (%s: %s)\n", what, strerror(errno));
  else
    printf("not run a network of the kernel is made of namespaces and TUN devices (%s: %s)\n", what, strerror(errno));
  fflush(stdout);
  exit(0);
}

static int is_before(const struct carry *one, const struct carry *two) {
  return one->at < two->at || (one->at == two->at && one->number < two->number);
}

static void heap_add(struct carry carry) {
  if (heap.count == heap.room) {
    heap.room = heap.room == 0 ? 1024 : 2 * heap.room;
    heap.carries = realloc(heap.carries, heap.room * sizeof *heap.carries);
    if (heap.carries == NULL) fail("realloc");
  }
  int place = heap.count++;
  for (int above = (place - 1) / 2; place > 0 && is_before(&carry, &heap.carries[above]); above = (place - 1) / 2) {
    heap.carries[place] = heap.carries[above];
    place = above;
  }
  heap.carries[place] = carry;
}

static struct carry heap_take(void) {
  struct carry first = heap.carries[0], last = heap.carries[--heap.count];
  int place = 0;
  for (int below = 1; below < heap.count; below = 2 * place + 1) {
    if (below + 1 < heap.count && is_before(&heap.carries[below + 1], &heap.carries[below])) below++;
    if (!is_before(&heap.carries[below], &last)) break;
    heap.carries[place] = heap.carries[below];
    place = below;
  }
  heap.carries[place] = last;
  return first;
}

/* Writes a setting of this namespace. Returns whether it was taken. */
static int set(const char *path, const char *value) {
  int file = open(path, O_WRONLY);
  if (file < 0) return 0;
  int is_taken = write(file, value, strlen(value)) > 0;
  close(file);
  return is_taken;
}

static void get(const char *path, char *value, int room) {
  int file = open(path, O_RDONLY);
  int size = file < 0 ? 0 : read(file, value, room - 1);
  if (file >= 0) close(file);
  value[size > 0 ? size : 0] = 0;
  value[strcspn(value, "\n")] = 0;
}

static void device_set(int socket, unsigned long what, struct ifreq *request) {
  if (ioctl(socket, what, request) < 0) not_run("a device could not be set up");
}

static struct sockaddr address_of(const char *text) {
  struct sockaddr_in address = {.sin_family = AF_INET};
  struct sockaddr any;
  inet_pton(AF_INET, text, &address.sin_addr);
  memcpy(&any, &address, sizeof any);
  return any;
}

static void bring_up(int socket, const char *name) {
  struct ifreq request = {0};
  strcpy(request.ifr_name, name);
  request.ifr_flags = IFF_UP | IFF_RUNNING;
  device_set(socket, SIOCSIFFLAGS, &request);
}

/* A namespace may choose by its settings what all programs may; what only root may takes a route. */
static void choose_congestion(const char *address, const char *name) {
  if (strcmp(name, "default") == 0 || set("/proc/sys/net/ipv4/tcp_congestion_control", name)) return;
  pid_t child = fork();
  if (child == 0) {
    if (freopen("/dev/null", "w", stderr) == NULL) _exit(1);
    execlp("ip", "ip", "route", "replace", "10.77.0.0/24", "dev", "path", "src", address, "congctl", name, NULL);
    _exit(1);
  }
  int outcome = 1;
  if (child > 0) waitpid(child, &outcome, 0);
  if (outcome == 0) return;
  printf("not run this kernel, or its program ip, doesn't let tcp use the congestion control %s\n", name);
  fflush(stdout);
  exit(0);
}

/* Goes into a new namespace and makes its device. */
static int make_end(const char *address, int mtu, const char *congestion) {
  if (unshare(CLONE_NEWNET) < 0) not_run("unshare");
  /* Its own messages would be carried, and use up what is drawn. */
  set("/proc/sys/net/ipv6/conf/all/disable_ipv6", "1");
  set("/proc/sys/net/ipv6/conf/default/disable_ipv6", "1");
  int device = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
  if (device < 0) not_run("/dev/net/tun");
  struct ifreq request = {.ifr_flags = IFF_TUN | IFF_NO_PI};
  strcpy(request.ifr_name, "path");
  if (ioctl(device, TUNSETIFF, &request) < 0) not_run("TUNSETIFF");
  int control = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (control < 0) not_run("a socket");
  request.ifr_addr = address_of(address);
  device_set(control, SIOCSIFADDR, &request);
  request.ifr_netmask = address_of("255.255.255.0");
  device_set(control, SIOCSIFNETMASK, &request);
  request.ifr_mtu = mtu;
  device_set(control, SIOCSIFMTU, &request);
  request.ifr_qlen = device_queue;
  device_set(control, SIOCSIFTXQLEN, &request);
  bring_up(control, "path");
  bring_up(control, "lo");
  close(control);
  choose_congestion(address, congestion);
  return device;
}

static void take_in(int from, int to, struct path_model *path) {
  static unsigned char packet[packet_max];
  for (int index = 0; index < stride; index++) {
    int size = read(from, packet, sizeof packet);
    if (size <= 0) return;
    double at[2];
    int count = path_carry(path, size, now_ms(), at);
    for (int copy = 0; copy < count; copy++) {
      unsigned char *bytes = under_way + size > under_way_max ? NULL : malloc(size);
      if (bytes == NULL) {
        dropped++;
        continue;
      }
      memcpy(bytes, packet, size);
      under_way += size;
      heap_add((struct carry){.at = at[copy], .number = next_number++, .to = to, .size = size, .bytes = bytes});
    }
  }
}

static void deliver_due(void) {
  for (double now = now_ms(); heap.count > 0 && heap.carries[0].at <= now; now = now_ms()) {
    struct carry carry = heap_take();
    double late_ms = now - carry.at;
    int step = late_ms * 100;
    late[step < late_steps ? step : late_steps - 1]++;
    if (late_ms > late_max) late_max = late_ms;
    if (write(carry.to, carry.bytes, carry.size) == carry.size) arrived++;
    else dropped++;
    under_way -= carry.size;
    free(carry.bytes);
  }
}

/* The upper end of the step, in nanoseconds. */
static double late_at(double share) {
  long all = arrived + dropped, below = 0;
  for (int step = 0; step < late_steps; step++)
    if ((below += late[step]) >= all * share) return (step + 1) * 1e4;
  return late_max * 1e6;
}

static void tell(const struct path_model *up, const struct path_model *down) {
  printf("result {\"carried\":%ld,\"carriedBack\":%ld,\"lost\":%ld,\"overflowed\":%ld,\"doubled\":%ld,\"held\":%ld,\"arrived\":%ld,\"dropped\":%ld,\"underWayBytes\":%ld,"
         "\"lateMedianNs\":%.0f,\"lateP99Ns\":%.0f,\"lateMaxNs\":%.0f,\"cpuNs\":%.0f}\n",
         up->carried + down->carried, down->carried, up->lost + down->lost, up->overflowed + down->overflowed,
         up->doubled + down->doubled, up->held + down->held, arrived, dropped, under_way, late_at(0.5), late_at(0.99),
         late_max * 1e6, cpu_ns());
  fflush(stdout);
}

static int enter(char **argv) {
  int space = open(argv[0], O_RDONLY | O_CLOEXEC);
  if (space < 0 || setns(space, CLONE_NEWNET) < 0) fail("entering the namespace");
  execvp(argv[1], argv + 1);
  fail("running the program");
  return 1;
}

/* Until its input ends. */
static void bridge(const int devices[2], struct path_model paths[2]) {
  for (;;) {
    struct pollfd polled[3] = {
        {.fd = devices[0], .events = POLLIN}, {.fd = devices[1], .events = POLLIN}, {.fd = 0, .events = POLLIN}};
    struct timespec wait = {0}, *patience = NULL;
    if (heap.count > 0) {
      double ms = heap.carries[0].at - now_ms();
      if (ms < 0) ms = 0;
      wait.tv_sec = ms / 1e3;
      wait.tv_nsec = (ms - wait.tv_sec * 1e3) * 1e6;
      patience = &wait;
    }
    if (ppoll(polled, 3, patience, NULL) < 0 && errno != EINTR) fail("ppoll");
    deliver_due();
    if (polled[0].revents & POLLIN) take_in(devices[0], devices[1], &paths[0]);
    if (polled[1].revents & POLLIN) take_in(devices[1], devices[0], &paths[1]);
    if (polled[2].revents == 0) continue;
    char line[64];
    if (read(0, line, sizeof line) <= 0) return;
    tell(&paths[0], &paths[1]);
  }
}

int main(int argc, char **argv) {
  if (argc >= 4 && strcmp(argv[1], "enter") == 0) return enter(argv + 2);
  if (argc < 3 + conditions_count) fail("arguments: seed, conditions and congestion control;");
  struct path_model paths[2];
  int devices[2], spaces[2];
  for (int end = 0; end < 2; end++) {
    paths[end] = (struct path_model){.conditions = conditions_of(argv + 2), .random = strtoul(argv[1], NULL, 10) + end};
    devices[end] = make_end(addresses[end], paths[end].conditions.packet_size_max, argv[2 + conditions_count]);
    spaces[end] = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
    if (spaces[end] < 0) not_run("/proc/self/ns/net");
  }
  /* A packet is delivered when it is due, whatever else the machine does. */
  prctl(PR_SET_TIMERSLACK, 1);
  struct sched_param first = {.sched_priority = 1};
  sched_setscheduler(0, SCHED_FIFO | SCHED_RESET_ON_FORK, &first);
  char congestion[64], available[128];
  get("/proc/sys/net/ipv4/tcp_congestion_control", congestion, sizeof congestion);
  get("/proc/sys/net/ipv4/tcp_available_congestion_control", available, sizeof available);
  printf("ready {\"near\":\"/proc/%d/fd/%d\",\"nearHost\":\"%s\",\"far\":\"/proc/%d/fd/%d\",\"farHost\":\"%s\","
         "\"standard\":\"%s\",\"available\":\"%s\"}\n",
         getpid(), spaces[0], addresses[0], getpid(), spaces[1], addresses[1], congestion, available);
  fflush(stdout);
  bridge(devices, paths);
  return 0;
}
