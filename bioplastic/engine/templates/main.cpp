// One program for a whole data set: reads state and samples, runs slots, writes state and spikes.
#include <stdlib.h>
#include "objects.h"
#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <string>
#include <vector>
#include "run.h"
#include "brianlib/common_math.h"
{% for codeobj in code_objects | sort(attribute='name') %}
#include "code_objects/{{codeobj.name}}.h"
{% for block in codeobj.before_after_blocks %}
#include "code_objects/{{block}}_{{codeobj.name}}.h"
{% endfor %}
{% endfor %}
{% for name in user_headers | sort %}
#include {{name}}
{% endfor %}

#if defined(__SSE2__)
#include <immintrin.h>
#endif

// Traces decay for ever: without this they would reach denormal numbers, which are 100 times slower.
static void _flush_denormals()
{
#if defined(__SSE2__)
    _mm_setcsr(_mm_getcsr() | 0x8040);
#elif defined(__aarch64__)
    uint64_t control;
    __asm__ __volatile__("mrs %0, fpcr" : "=r"(control));
    __asm__ __volatile__("msr fpcr, %0" : : "r"(control | (1 << 24)));
#endif
}

static volatile std::sig_atomic_t _stop_requested = 0;
static void _request_stop(int) { _stop_requested = 1; }

static void _fail(const std::string& what)
{
    std::cerr << what << std::endl;
    std::exit(3);
}

template<class T> static void _read(const std::string& path, T* data, size_t n)
{
    std::ifstream file(path, std::ios::binary | std::ios::ate);
    if (!file || (size_t)file.tellg() != n*sizeof(T))
        _fail("cannot read " + std::to_string(n*sizeof(T)) + " bytes from " + path);
    file.seekg(0);
    file.read(reinterpret_cast<char*>(data), n*sizeof(T));
}

template<class T> static void _write(const std::string& path, const T* data, size_t n)
{
    std::ofstream file(path, std::ios::binary);
    if (n) file.write(reinterpret_cast<const char*>(data), n*sizeof(T));
    file.flush();
    if (!file) _fail("cannot write " + path + ": is the disk full?");
}

int main(int argc, char **argv)
{
    // arguments: run folder, number of slots, rows of the sample table, seed of rand() and randn()
    if (argc != 5) _fail("usage: main FOLDER SLOTS ROWS SEED");
    const std::string folder = std::string(argv[1]) + "/";
    const long n_slots = std::atol(argv[2]), n_rows = std::atol(argv[3]);
    const unsigned long seed = std::strtoul(argv[4], 0, 10);
    _flush_denormals();
    std::signal(SIGTERM, _request_stop);
    std::signal(SIGINT, SIG_IGN);
    brian_start();
    {
        using namespace brian;
        {{main_lines|autoindent}}
    }
    return 0;
}
