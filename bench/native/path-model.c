/* Says what the model of a path does. Arguments: seed and conditions. Reads lines `SIZE NOW`, prints when each packet arrives. */
#include "measure.h"
#include "path-model.h"

int main(int argc, char **argv) {
  if (argc < 2 + conditions_count) fail("arguments: seed and conditions;");
  struct path_model path = {.conditions = conditions_of(argv + 2), .random = strtoul(argv[1], NULL, 10)};
  double size, now, at[2];
  while (scanf("%lf %lf", &size, &now) == 2) {
    int count = path_carry(&path, size, now, at);
    for (int index = 0; index < count; index++) printf(index == 0 ? "%.17g" : " %.17g", at[index]);
    printf("\n");
  }
  return 0;
}
