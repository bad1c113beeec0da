#include "core/backend/telemetry.h"

#include <dlfcn.h>
#include <math.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/base/mem.h"
#include "core/base/str.h"

#define LIBRARY "libnvidia-ml.so.1"
#define SECONDS_BETWEEN 1

// ---- the library, as far as it is used -----------------------------------------------------------------------------

enum { NVML_DONE = 0, NVML_GPU_IS_LOST = 15, NVML_IN_CELSIUS = 0, NVML_CLOCK_SM = 1, NVML_CLOCK_MEMORY = 2 };

struct nvml_utilization {
    unsigned int gpu, memory; // percent
};
struct nvml_memory {
    unsigned long long total, free, used; // bytes
};
typedef void *nvml_device;

struct nvml {
    void *library;
    int (*init)(void);
    int (*shutdown)(void);
    const char *(*error_text)(int code);
    int (*find)(const char *bus, nvml_device *device);
    int (*utilization)(nvml_device device, struct nvml_utilization *out);
    int (*memory)(nvml_device device, struct nvml_memory *out);
    int (*power)(nvml_device device, unsigned int *milliwatts);
    int (*temperature)(nvml_device device, int sensor, unsigned int *celsius);
    int (*clock)(nvml_device device, int which, unsigned int *megahertz);
};

// Figures whose function an old library lacks are not known; without the first four there is nothing to ask.
static enum status look_up(struct nvml *nvml, const char *path, struct error *error) {
    struct {
        const char *name;
        void *place;
        bool needed;
    } symbols[] = {{"nvmlInit_v2", &nvml->init, true},
                   {"nvmlShutdown", &nvml->shutdown, true},
                   {"nvmlErrorString", &nvml->error_text, true},
                   {"nvmlDeviceGetHandleByPciBusId_v2", &nvml->find, true},
                   {"nvmlDeviceGetUtilizationRates", &nvml->utilization, false},
                   {"nvmlDeviceGetMemoryInfo", &nvml->memory, false},
                   {"nvmlDeviceGetPowerUsage", &nvml->power, false},
                   {"nvmlDeviceGetTemperature", &nvml->temperature, false},
                   {"nvmlDeviceGetClockInfo", &nvml->clock, false}};
    for (size_t i = 0; i < sizeof symbols / sizeof *symbols; i++) {
        void *symbol = dlsym(nvml->library, symbols[i].name);
        if (!symbol && symbols[i].needed)
            return error_set(error, STATUS_UNSUPPORTED, "%s has no %s; the driver is too old for figures of the GPU", path,
                             symbols[i].name);
        memcpy(symbols[i].place, &symbol, sizeof symbol);
    }
    return STATUS_OK;
}

static enum status check(const struct nvml *nvml, int code, const char *what, struct error *error) {
    const char *text = code == NVML_DONE ? NULL : nvml->error_text(code);
    if (code == NVML_DONE)
        return STATUS_OK;
    return error_set(error, STATUS_DEVICE, "the driver tells no figures of the GPU (%s: %s)", what, text ? text : "unknown");
}

static void nvml_close(struct nvml *nvml, bool begun) {
    if (begun)
        nvml->shutdown();
    if (nvml->library)
        dlclose(nvml->library);
}

static enum status nvml_open(struct nvml *nvml, const char *bus, nvml_device *device, struct error *error) {
    const char *other = getenv("BATCHLAB_NVML"), *path = other && other[0] ? other : LIBRARY;
    *nvml = (struct nvml){.library = dlopen(path, RTLD_NOW | RTLD_LOCAL)};
    if (!nvml->library)
        return error_set(error, STATUS_MISSING, "figures of the GPU need %s, which is not installed", path);
    bool begun = false;
    enum status status = look_up(nvml, path, error);
    if (!status) {
        status = check(nvml, nvml->init(), "start", error);
        begun = status == STATUS_OK;
    }
    if (!status)
        status = check(nvml, nvml->find(bus, device), "find the device", error);
    if (status)
        nvml_close(nvml, begun);
    return status;
}

// ---- reading ---------------------------------------------------------------------------------------------------------

struct telemetry {
    char bus[24];
    const struct wake *wake;
    pthread_t thread;
    pthread_mutex_t lock; // of what follows
    pthread_cond_t news, ended;
    bool over;
    struct telemetry_reading last;
};

static double number_or_nan(int code, double value) {
    return code == NVML_DONE ? value : (double)NAN;
}

// A figure that this GPU does not have is NaN; when the device itself has gone, `lost` says so.
static void read_all(const struct nvml *nvml, nvml_device device, struct telemetry_reading *out) {
    struct nvml_utilization utilization = {0};
    struct nvml_memory memory = {0};
    unsigned int power = 0, celsius = 0, clock = 0, memory_clock = 0;
    struct error error;
    enum { NONE = -1 };
    int code = nvml->memory ? nvml->memory(device, &memory) : NONE;
    out->lost[0] = '\0';
    if (code == NVML_GPU_IS_LOST && check(nvml, code, "read its memory", &error))
        snprintf(out->lost, sizeof out->lost, "%.159s", error.text);
    out->memory_used = number_or_nan(code, (double)memory.used);
    out->memory_total = number_or_nan(code, (double)memory.total);
    code = nvml->utilization ? nvml->utilization(device, &utilization) : NONE;
    out->busy = number_or_nan(code, utilization.gpu / 100.0);
    code = nvml->power ? nvml->power(device, &power) : NONE;
    out->watts = number_or_nan(code, power / 1000.0);
    code = nvml->temperature ? nvml->temperature(device, NVML_IN_CELSIUS, &celsius) : NONE;
    out->celsius = number_or_nan(code, celsius);
    code = nvml->clock ? nvml->clock(device, NVML_CLOCK_SM, &clock) : NONE;
    out->clock = number_or_nan(code, clock);
    code = nvml->clock ? nvml->clock(device, NVML_CLOCK_MEMORY, &memory_clock) : NONE;
    out->memory_clock = number_or_nan(code, memory_clock);
}

// Shows it, and waits until the next one is due. False: it is over.
static bool put(struct telemetry *telemetry, struct telemetry_reading *reading) {
    struct timespec until;
    pthread_mutex_lock(&telemetry->lock);
    reading->number = telemetry->last.number + 1;
    telemetry->last = *reading;
    pthread_cond_broadcast(&telemetry->news);
    if (telemetry->wake)
        wake_signal(telemetry->wake);
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += SECONDS_BETWEEN;
    for (int late = 0; !telemetry->over && late == 0;)
        late = pthread_cond_timedwait(&telemetry->ended, &telemetry->lock, &until);
    bool goes_on = !telemetry->over;
    pthread_mutex_unlock(&telemetry->lock);
    return goes_on;
}

static void *watch(void *context) {
    struct telemetry *telemetry = context;
    struct telemetry_reading reading = {0};
    struct nvml nvml;
    nvml_device device;
    struct error error;
    if (nvml_open(&nvml, telemetry->bus, &device, &error)) {
        reading = (struct telemetry_reading){
            .busy = NAN, .memory_used = NAN, .memory_total = NAN, .watts = NAN, .celsius = NAN, .clock = NAN, .memory_clock = NAN};
        snprintf(reading.lost, sizeof reading.lost, "%.159s", error.text);
        put(telemetry, &reading);
        return NULL;
    }
    do
        read_all(&nvml, device, &reading);
    while (put(telemetry, &reading));
    nvml_close(&nvml, true);
    return NULL;
}

static void clear(struct telemetry *telemetry) {
    pthread_cond_destroy(&telemetry->ended);
    pthread_cond_destroy(&telemetry->news);
    pthread_mutex_destroy(&telemetry->lock);
    mem_free(telemetry);
}

enum status telemetry_open(struct telemetry **out, const char *bus, const struct wake *wake, struct error *error) {
    struct telemetry *telemetry = mem_alloc(1, sizeof *telemetry);
    if (!telemetry)
        return error_memory(error, "figures of the GPU", sizeof *telemetry);
    telemetry->wake = wake;
    snprintf(telemetry->bus, sizeof telemetry->bus, "%s", bus);
    pthread_mutex_init(&telemetry->lock, NULL);
    pthread_cond_init(&telemetry->news, NULL);
    pthread_cond_init(&telemetry->ended, NULL);
    if (pthread_create(&telemetry->thread, NULL, watch, telemetry) != 0) {
        clear(telemetry);
        return error_set(error, STATUS_MEMORY, "no thread can be begun that reads figures of the GPU");
    }
    *out = telemetry;
    return STATUS_OK;
}

void telemetry_read(struct telemetry *telemetry, struct telemetry_reading *reading) {
    pthread_mutex_lock(&telemetry->lock);
    *reading = telemetry->last;
    pthread_mutex_unlock(&telemetry->lock);
}

void telemetry_wait(struct telemetry *telemetry, struct telemetry_reading *reading) {
    pthread_mutex_lock(&telemetry->lock);
    while (telemetry->last.number == 0)
        pthread_cond_wait(&telemetry->news, &telemetry->lock);
    *reading = telemetry->last;
    pthread_mutex_unlock(&telemetry->lock);
}

void telemetry_close(struct telemetry *telemetry) {
    if (!telemetry)
        return;
    pthread_mutex_lock(&telemetry->lock);
    telemetry->over = true;
    pthread_cond_signal(&telemetry->ended);
    pthread_mutex_unlock(&telemetry->lock);
    pthread_join(telemetry->thread, NULL);
    clear(telemetry);
}

// ---- words -----------------------------------------------------------------------------------------------------------

static void add(struct str *text, double value, const char *format) {
    if (isnan(value))
        return;
    str_add(text, text->length > 0 ? ", " : "");
    char part[48];
    snprintf(part, sizeof part, format, value);
    str_add(text, part);
}

char *telemetry_text(const struct telemetry_reading *reading, char *out, size_t size) {
    struct str text = {0};
    add(&text, 100 * reading->busy, "%.0f %% busy");
    add(&text, reading->memory_used / 1e9, "%.1f");
    if (!isnan(reading->memory_used))
        str_format(&text, " of %.0f GB", reading->memory_total / 1e9);
    add(&text, reading->watts, "%.0f W");
    add(&text, reading->celsius, "%.0f °C");
    add(&text, reading->clock, "%.0f MHz");
    snprintf(out, size, "%s", reading->lost[0] ? reading->lost : str_text(&text));
    str_free(&text);
    return out;
}
