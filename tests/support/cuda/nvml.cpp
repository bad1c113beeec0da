#include "tests/support/cuda/nvml.h"

#include <cstdio>

#define EXPORTED extern "C" __attribute__((visibility("default")))

EXPORTED struct nvml_standin nvml_standin;
struct nvml_standin nvml_standin;

EXPORTED int nvmlInit_v2() {
    if (nvml_standin.init_code == 0)
        nvml_standin.begun++;
    return nvml_standin.init_code;
}

EXPORTED int nvmlShutdown() {
    nvml_standin.begun--;
    return 0;
}

EXPORTED const char *nvmlErrorString(int code) {
    return code == 9 ? "Driver Not Loaded" : code == 15 ? "GPU is lost" : "Not Found";
}

EXPORTED int nvmlDeviceGetHandleByPciBusId_v2(const char *bus, void **device) {
    std::snprintf(nvml_standin.bus, sizeof nvml_standin.bus, "%s", bus);
    *device = &nvml_standin;
    return nvml_standin.find_code;
}

EXPORTED int nvmlDeviceGetUtilizationRates(void *, unsigned int *percents) {
    percents[0] = (unsigned)nvml_standin.busy;
    percents[1] = 11;
    return nvml_standin.code;
}

EXPORTED int nvmlDeviceGetMemoryInfo(void *, unsigned long long *bytes) {
    bytes[0] = 141000000000ull;
    bytes[1] = 128700000000ull;
    bytes[2] = 12300000000ull;
    return nvml_standin.code;
}

EXPORTED int nvmlDeviceGetPowerUsage(void *, unsigned int *milliwatts) {
    *milliwatts = (unsigned)nvml_standin.milliwatts;
    return nvml_standin.power_code ? nvml_standin.power_code.load() : nvml_standin.code.load();
}

EXPORTED int nvmlDeviceGetTemperature(void *, int sensor, unsigned int *celsius) {
    *celsius = (unsigned)nvml_standin.celsius;
    return sensor == 0 ? nvml_standin.code.load() : 2;
}

EXPORTED int nvmlDeviceGetClockInfo(void *, int which, unsigned int *megahertz) {
    *megahertz = (unsigned)nvml_standin.megahertz * (which == 2 ? 2u : 1u);
    return which == 1 || which == 2 ? nvml_standin.code.load() : 2;
}
