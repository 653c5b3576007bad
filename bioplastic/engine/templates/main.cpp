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
#include "synapses_classes.h"
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

#if defined(__SSE2__) && !defined(__CUDACC__)
#include <immintrin.h>
#endif

// Traces decay for ever: without this they would reach denormal numbers, which are 100 times slower.
static void _flush_denormals()
{
#if defined(__SSE2__) && !defined(__CUDACC__)
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

template<class T> static void _read_all(const std::string& path, std::vector<T>& data)
{
    std::ifstream file(path, std::ios::binary | std::ios::ate);
    if (!file) _fail("cannot read " + path);
    data.resize((size_t)file.tellg()/sizeof(T));
    _read(path, data.data(), data.size());
}

{% set _plan = slot_plan() %}
static std::string _folder;  // where input lies and output goes
static std::vector<int64_t> _n_steps;
{% if _plan.spike_input %}
static std::vector<int32_t> _input_steps, _input_units, _input_late, _input_waiting;
static std::vector<int64_t> _input_last;  // step in which a channel fired last
static std::vector<int64_t> _input_offsets;
static int64_t _input_next = 0, _input_end = 0;
{% endif %}
static std::vector<double> _spike_times;
static std::vector<int32_t> _spike_units;
static std::vector<int64_t> _offsets(1, 0);
static std::vector<double> _log;
static double _seconds = 0.0;

// What a recorder looks at on the way: chosen elements of chosen variables at chosen steps.
static std::vector<int64_t> _probe_points;  // row and step, by turns
static size_t _probe_next = 0;
static std::ofstream _probe_met;
template<class T> struct _Probe
{
    std::vector<int32_t> chosen;
    std::ofstream file;
    std::vector<double> seen;

    void open(const std::string& name)
    {
        if (!std::ifstream(_folder + "probe." + name)) return;
        _read_all(_folder + "probe." + name, chosen);
        file.open(_folder + "probed." + name, std::ios::binary);
    }

    void look(const T* data)
    {
        if (chosen.empty()) return;
        seen.resize(chosen.size());
        for (size_t k=0; k<chosen.size(); k++) seen[k] = (double)data[chosen[k]];
        file.write(reinterpret_cast<const char*>(seen.data()), seen.size()*sizeof(double));
        file.flush();
        if (!file) _fail("cannot write what was recorded: is the disk full?");
    }
};
{% for name, start, type in _plan.probes %}
static _Probe<{{type}}> _probe_{{loop.index}};
{% endfor %}

static void _open_probes()
{
    if (!std::ifstream(_folder + "probe.points")) return;
    _read_all(_folder + "probe.points", _probe_points);
    _probe_met.open(_folder + "probed.points", std::ios::binary);
    {% for name, start, type in _plan.probes %}
    _probe_{{loop.index}}.open("{{name}}");
    {% endfor %}
}

{% for all in _plan.superposed %}
{% macro superposed(v) %}{% if v in all.sums %}{{v}} + {% endif %}{% for k in all.sources[v] %}{{" + " if not loop.first}}from_{{k}}_{{v}}[j]*{{k}}{% endfor %}{% endmacro %}
{% macro pointers(first) %}
    {% for v in all.variables %}
    {% set v_number = loop.index0 %}
    {% for k in all.sources[v] %}
    const double* __restrict from_{{k}}_{{v}} = all.of({{first}} + {{all.states.index(k)}}, {{v_number}});
    {% endfor %}
    {% endfor %}
{% endmacro %}
// Bring the older sources of {{all.name}} forward by the span.
static void _end_span_{{all.name}}()
{
    auto& all = _superposition_{{all.name}};
    if (!all.in_span) return;
    {{pointers(0)}}
    for (int64_t source=all.n_states; source<all.fresh; source++)
    {
        {% for v in all.variables %}
        double* __restrict {{v}}_ = all.of(source, {{loop.index0}});
        {% endfor %}
        #pragma GCC ivdep
        for (int64_t j=0; j<{{all.n_post}}; j++)
        {
            {% for v in all.variables %}
            const double {{v}} = {{v}}_[j];
            {% endfor %}
            {% for v in all.variables %}
            {{v}}_[j] = {{superposed(v)}};
            {% endfor %}
        }
    }
    all.begin_span();
}

// Bring synapses up to date: what each was when the block began, and the spikes that reached it.
{% for what, names in (("", all.variables), ("_sums", all.sums)) %}
static void _superpose{{what}}_{{all.name}}()
{
    using namespace brian;
    auto& all = _superposition_{{all.name}};
    const int64_t n = {{all.n_post}}, n_tiles = all.n_tiles();
    all.find_live({{all.states|length if what else 0}});
    {{pointers("all.n_states")}}
    for (int64_t i=0; i<{{all.n_pre}}; i++)
    {
        const auto& events = all.events[i];
        if (!all.awake[i] && events.empty()) continue;
        {% for v in all.variables %}
        double* __restrict {{v}}_ = {{all.arrays[v]}} + i*n;
        {% endfor %}
        if (all.awake[i])
        {
            #pragma GCC ivdep
            for (int64_t j=0; j<n; j++)
            {
                {% for v in all.variables %}
                const double {{v}} = {{v}}_[j];
                {% endfor %}
                {% for v in names %}
                {{v}}_[j] = {{superposed(v)}};
                {% endfor %}
            }
        }
        for (const auto& event : events)
        {
            const double amount = event.amount;
            {% for v in names if v in all.reached %}
            const double* __restrict from_{{v}} = all.of(event.source, {{all.variables.index(v)}});
            {% endfor %}
            const char* live = &all.live[event.source*n_tiles];
            for (int64_t tile=0; tile<n_tiles; tile++)
            {
                if (!live[tile]) continue;
                const int64_t first = tile*_Superposition::tile;
                const int64_t end = first + _Superposition::tile < n ? first + _Superposition::tile : n;
                #pragma GCC ivdep
                for (int64_t j=first; j<end; j++)
                {
                    {% for v in names if v in all.reached %}
                    {{v}}_[j] += amount*from_{{v}}[j];
                    {% endfor %}
                }
            }
        }
    }
}
{% endfor %}

// States are forgotten when a slot begins: what the last block left of them matters to nobody,
// unless the run ends there.
static void _end_block_{{all.name}}(bool states)
{
    auto& all = _superposition_{{all.name}};
    _end_span_{{all.name}}();
    if (states) _superpose_{{all.name}}();
    else _superpose_sums_{{all.name}}();
    all.dirty |= states;
    for (size_t i=0; i<all.events.size(); i++) if (!all.events[i].empty()) all.awake[i] = 1;
    all.begin_block();
}
{% endfor %}

static void _look(int64_t row, int64_t step)
{
    using namespace brian;
    {% block look %}
    {% endblock %}
    {% for all in _plan.superposed %}
    // Looking changes nothing: blocks end where they would have ended.
    const bool _seen_{{all.name}} = {% for name, start, type in _plan.probes if name.startswith(all.name + ".") %}!_probe_{{_plan.probes.index((name, start, type)) + 1}}.chosen.empty() || {% endfor %}false;
    _Superposition _as_was_{{all.name}};
    {% for v in all.variables %}
    std::vector<double> _kept_{{all.name}}_{{v}};
    {% endfor %}
    if (_seen_{{all.name}})
    {
        _as_was_{{all.name}} = _superposition_{{all.name}};
        {% for v in all.variables %}
        _kept_{{all.name}}_{{v}}.assign({{all.arrays[v]}}, {{all.arrays[v]}} + {{all.n_pre}}*{{all.n_post}});
        {% endfor %}
        _end_span_{{all.name}}();
        _superpose_{{all.name}}();
    }
    {% endfor %}
    const int64_t met[3] = {row, step, (int64_t)_array_schedule_repeats[0]};
    _probe_met.write(reinterpret_cast<const char*>(met), sizeof(met));
    _probe_met.flush();
    {% for name, start, type in _plan.probes %}
    _probe_{{loop.index}}.look({{start}});
    {% endfor %}
    {% for all in _plan.superposed %}
    if (_seen_{{all.name}})
    {
        std::swap(_superposition_{{all.name}}, _as_was_{{all.name}});
        {% for v in all.variables %}
        std::copy(_kept_{{all.name}}_{{v}}.begin(), _kept_{{all.name}}_{{v}}.end(), {{all.arrays[v]}});
        {% endfor %}
    }
    {% endfor %}
}

static void _read_input(long n_rows, unsigned long seed)
{
    using namespace brian;
    _n_steps.resize(n_rows);
    _read(_folder + "n_steps", _n_steps.data(), n_rows);
    int64_t _n_signal_rows = 0;
    for (const int64_t n : _n_steps) _n_signal_rows += n;
    {% block tables %}
    {% if _plan.n_features %}
    const int64_t _n_stimulus_rows = {{"_n_signal_rows" if _plan.signal_input else "n_rows"}};
    delete [] stimulus_values;
    stimulus_values = new double[_n_stimulus_rows*{{_plan.n_features}}];
    _read(_folder + "stimulus", stimulus_values, _n_stimulus_rows*{{_plan.n_features}});
    {% endif %}
    {% if _plan.n_target_signals %}
    delete [] target_signal_values;
    target_signal_values = new double[_n_signal_rows*{{_plan.n_target_signals}}];
    _read(_folder + "target_signals", target_signal_values,
          _n_signal_rows*{{_plan.n_target_signals}});
    {% endif %}
    {% if _plan.signals %}
    delete [] first_rows_values;
    first_rows_values = new double[n_rows];
    for (int64_t row=0, first=0; row<n_rows; first+=_n_steps[row++])
        first_rows_values[row] = (double)first;
    {% endif %}
    delete [] slot_steps_values;
    slot_steps_values = new double[n_rows];
    for (int64_t row=0; row<n_rows; row++) slot_steps_values[row] = (double)_n_steps[row];
    delete [] sample_keys_values;
    sample_keys_values = new double[n_rows];
    _read(_folder + "sample_keys", sample_keys_values, n_rows);
    {% if _plan.has_targets %}
    delete [] target_values;
    target_values = new double[n_rows];
    _read(_folder + "targets", target_values, n_rows);
    {% endif %}
    {% if _plan.draws %}
    _read(_folder + "key", uniform_key, 2);
    {% endif %}
    {% endblock %}
    _random_generators[0].seed(seed);
    {% for all in _plan.superposed %}
    _superposition_{{all.name}}.prepare({{all.n_pre}}, {{all.n_post}}, {{all.states|length}},
                                        {{all.variables|length}}, {{all.jumps}});
    {% endfor %}
    {% for name, start, length in _plan.read %}
    _read(_folder + "in.{{name}}", {{start}}, {{length}});
    {% endfor %}
    {% for list in _plan.lists %}
    {
        {% for name, array in list.read %}
        _read_all(_folder + "in.{{name}}", {{array}});
        {% endfor %}
        const size_t n = {{list.pre}}.size();
        {% for array in list.all %}
        {{array}}.resize(n);
        {% endfor %}
        {{list.number}}[0] = (int32_t)n;
        _list_{{list.name}}.prepare({{list.pre}}, {{list.post}}, {{list.delay}},
            _array_step_clock_dt[0], {{list.n_pre}}, {{list.n_post}}, {{list.learns|lower}},
            {{list.arrivals}});
    }
    {% endfor %}
    {% if _plan.spike_input %}
    _read_all(_folder + "input.steps", _input_steps);
    _read_all(_folder + "input.units", _input_units);
    _read_all(_folder + "input.offsets", _input_offsets);
    {% endif %}
}
{% block during_steps %}
{% if _plan.spike_input %}

// A channel fires once in a step, as a neuron does: what more it has to say follows in the next.
static void _fire_input(int64_t step)
{
    int32_t* spikes = brian::{{_plan.spike_input[0]}};
    int32_t number = 0;
    _input_waiting.swap(_input_late);
    _input_late.clear();
    const auto fire = [&](int32_t unit)
    {
        if (_input_last[unit] == step) { _input_late.push_back(unit); return; }
        _input_last[unit] = step;
        spikes[number++] = unit;
    };
    for (const int32_t unit : _input_waiting) fire(unit);
    while (_input_next < _input_end && _input_steps[_input_next] <= step)
        fire(_input_units[_input_next++]);
    spikes[{{_plan.spike_input[1]}}] = number;
}
{% endif %}

static void _arrive()
{
    {% for array, _ in _plan.arrivals %}
    _arrivals{{array}}.arrive(brian::{{array}});
    {% endfor %}
}

// Before resets, which may change what a spike adds.
static void _note_spikes()
{
    using namespace brian;
    {% for all in _plan.superposed %}
    _superposition_{{all.name}}.note({{all.spikes}}, {{all.spikes}}[{{all.end}}], {{all.amounts}},
                                     {{all.amount}});
    {% endfor %}
}
{% endblock %}

static void _run_slots(long n_rows)
{
    using namespace brian;
    {% block begin %}
    {% endblock %}
    using clock = std::chrono::steady_clock;
    const auto begun = clock::now();
    auto reported = begun;
    while (_array_schedule_cursor[0] < n_rows && !_stop_requested)
    {
        // Time counts from 0 in every slot, so that its arithmetic is the same wherever it lies.
        _array_step_clock_timestep[0] = 0;
        _array_step_clock_t[0] = 0.0;
        const size_t row = (size_t)_array_schedule_cursor[0];
        {% block begin_slot %}
        {% if _plan.spike_input %}
        _input_next = _input_offsets[row];
        _input_end = _input_offsets[row + 1];
        _input_late.clear();
        _input_last.assign({{_plan.spike_input[1]}}, -1);
        {% endif %}
        {% for list in _plan.lists %}
        _list_{{list.name}}.forget();
        {% endfor %}
        {% for array, _ in _plan.arrivals %}
        _arrivals{{array}}.forget();
        {% endfor %}
        {% for all in _plan.superposed %}
        _superposition_{{all.name}}.begin_slot(_n_steps[row]);
        {% endfor %}
        {% endblock %}
        {% for call in _plan.start %}
        {{call}}
        {% endfor %}
        const int64_t n_steps = _n_steps[row];
        // Points are sorted, and a row that comes again meets its own again.
        while (_probe_next > 0 && _probe_points[2*_probe_next - 2] >= (int64_t)row) _probe_next--;
        while (2*_probe_next < _probe_points.size() && _probe_points[2*_probe_next] < (int64_t)row)
            _probe_next++;
        {% block steps %}
        for (int64_t step=0; step<n_steps; step++)
        {
            _array_step_clock_timestep[0] = step;
            _array_step_clock_t[0] = step*_array_step_clock_dt[0];
            {% for call in _plan.step %}
            {{call}}
            {% endfor %}
            {% if not _plan.arrive %}
            _arrive();
            _note_spikes();
            {% endif %}
            {% for all in _plan.superposed %}
            if (_superposition_{{all.name}}.n_steps == _superposition_{{all.name}}.length
                && step + 1 < n_steps)
                _end_block_{{all.name}}(true);
            else if (_superposition_{{all.name}}.in_span == _Superposition::span)
                _end_span_{{all.name}}();
            {% endfor %}
            {% for spikes, number, first in _plan.watched %}
            for (int32_t k=0; k<{{spikes}}[{{number}}]; k++)
            {
                _spike_times.push_back(_array_step_clock_t[0]);
                _spike_units.push_back({{first}} + {{spikes}}[k]);
            }
            {% endfor %}
            if (2*_probe_next < _probe_points.size() && _probe_points[2*_probe_next] == (int64_t)row
                && _probe_points[2*_probe_next + 1] == step)
            {
                _look(row, step);
                _probe_next++;
            }
        }
        {% endblock %}
        {% if _plan.superposed %}
        const bool _is_last = (int64_t)row + 1 == n_rows || _stop_requested;
        {% endif %}
        {% for variable in _plan.log %}
        _log.push_back(_array_schedule_{{variable}}[0]);
        {% endfor %}
        _offsets.push_back((int64_t)_spike_times.size());
        {% for call in _plan.end %}
        {{call}}
        {% endfor %}
        {% block end_slot %}
        {% endblock %}
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
    {% block write %}
    {% endblock %}
    {% for name, start, length in _plan.written %}
    _write(_folder + "{{name}}", {{start}}, {{length}});
    {% endfor %}
    {% for list in _plan.lists %}
    {% for name, array in list.written %}
    _write(_folder + "out.{{name}}", {{array}}.data(), {{array}}.size());
    {% endfor %}
    {% endfor %}
    _write(_folder + "spikes.t", _spike_times.data(), _spike_times.size());
    _write(_folder + "spikes.i", _spike_units.data(), _spike_units.size());
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
    _open_probes();
    std::signal(SIGTERM, _request_stop);
    std::signal(SIGINT, SIG_IGN);
    {% block open %}
    {% endblock %}
    brian_start();
    {
        using namespace brian;
        {{main_lines|autoindent}}
    }
    return 0;
}
