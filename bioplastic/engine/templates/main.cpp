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

{% set _plan = slot_plan() %}
static std::string _folder;  // where input lies and output goes
static std::vector<int64_t> _offsets(1, 0);
static std::vector<double> _log;
static double _seconds = 0.0;

static void _read_input(long n_rows, unsigned long seed)
{
    using namespace brian;
    delete [] stimulus_values;
    delete [] sample_keys_values;
    stimulus_values = new double[n_rows*{{_plan.n_features}}];
    sample_keys_values = new double[n_rows];
    _read(_folder + "stimulus", stimulus_values, n_rows*{{_plan.n_features}});
    _read(_folder + "sample_keys", sample_keys_values, n_rows);
    _read(_folder + "key", uniform_key, 2);
    _random_generators[0].seed(seed);
    {% for name, start, length in _plan.read %}
    _read(_folder + "in.{{name}}", {{start}}, {{length}});
    {% endfor %}
}

static void _run_slots(long n_rows)
{
    using namespace brian;
    using clock = std::chrono::steady_clock;
    const auto begun = clock::now();
    auto reported = begun;
    while (_array_schedule_cursor[0] < n_rows && !_stop_requested)
    {
        // Time counts from 0 in every slot, so that its arithmetic is the same wherever it lies.
        _array_step_clock_timestep[0] = 0;
        _array_step_clock_t[0] = 0.0;
        {% for call in _plan.start %}
        {{call}}
        {% endfor %}
        for (int64_t step=0; step<{{_plan.n_steps}}; step++)
        {
            _array_step_clock_timestep[0] = step;
            _array_step_clock_t[0] = step*_array_step_clock_dt[0];
            {% for call in _plan.step %}
            {{call}}
            {% endfor %}
        }
        {% for variable in _plan.log %}
        _log.push_back(_array_schedule_{{variable}}[0]);
        {% endfor %}
        _offsets.push_back((int64_t)_dynamic_array_spikes_t.size());
        {% for call in _plan.end %}
        {{call}}
        {% endfor %}
        const auto now = clock::now();
        if (std::chrono::duration<double>(now - reported).count() > 0.2)
        {
            std::printf("%ld\n", (long)_array_schedule_cursor[0]);
            std::fflush(stdout);
            reported = now;
        }
    }
    _seconds = std::chrono::duration<double>(clock::now() - begun).count();
}

static void _write_output()
{
    using namespace brian;
    {% for name, start, length in _plan.written %}
    _write(_folder + "{{name}}", {{start}}, {{length}});
    {% endfor %}
    _write(_folder + "offsets", _offsets.data(), _offsets.size());
    _write(_folder + "log", _log.data(), _log.size());
    _write(_folder + "seconds", &_seconds, 1);
}

int main(int argc, char **argv)
{
    // arguments: run folder, rows of the sample table, seed of rand() and randn()
    if (argc != 4) _fail("usage: main FOLDER ROWS SEED");
    _folder = std::string(argv[1]) + "/";
    const long n_rows = std::atol(argv[2]);
    const unsigned long seed = std::strtoul(argv[3], 0, 10);
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
