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

// GCC leaves vector registers as they are before a call within the unit, and the mathematical
// library, whose entries are SSE code, then waits for them.
static inline void _clear_registers()
{
#if defined(__AVX__) && !defined(__CUDACC__)
    _mm256_zeroupper();
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
static const int64_t _n_lanes = {{_plan.lanes}};  // samples side by side
static std::string _folder;  // where input lies and output goes; above it what all chunks share
static bool _keeps_spikes = true;  // whether spikes are handed back
static std::vector<int64_t> _n_steps;
static int64_t _seed[2];
static int64_t _row[_n_lanes];         // what each lane shows, -1 for nothing
static int64_t _lane_steps[_n_lanes];  // how long that is
static int64_t _last_lane = 0;         // which has shown the last row
static int _combine = 0;               // what lanes learn together: nothing, the sum, the mean
{% include 'spike_input.cpp' %}
static std::vector<double> _spike_times, _lane_times[_n_lanes];
static std::vector<int32_t> _spike_units, _lane_units[_n_lanes];
static std::vector<int64_t> _offsets(1, 0);
static std::vector<double> _log;
static double _seconds = 0.0;

// What a recorder looks at on the way: chosen elements of chosen variables at chosen steps.
static std::vector<int64_t> _probe_points;  // row and step, by turns
static size_t _probe_next[_n_lanes];
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

    void look(const T* data)  // of a lane
    {
        if (chosen.empty()) return;
        seen.resize(chosen.size());
        for (size_t k=0; k<chosen.size(); k++) seen[k] = (double)data[chosen[k]];
        file.write(reinterpret_cast<const char*>(seen.data()), seen.size()*sizeof(double));
        file.flush();
        if (!file) _fail("cannot write what was recorded: is the disk full?");
    }
};
{% for its in _plan.changing %}
static _Probe<{{its.type}}> _probe_{{loop.index}};
{% endfor %}

static void _open_probes()
{
    if (!std::ifstream(_folder + "probe.points")) return;
    _read_all(_folder + "probe.points", _probe_points);
    _probe_met.open(_folder + "probed.points", std::ios::binary);
    {% for its in _plan.changing %}
    _probe_{{loop.index}}.open("{{_plan.files[its.name]}}");
    {% endfor %}
}

{% include 'superposed.cpp' %}

static void _look(int64_t lane, int64_t step)
{
    using namespace brian;
    {% block look %}
    {% endblock %}
    {% for all in _plan.superposed %}
    // Looking changes nothing: blocks end where they would have ended.
    const bool _seen_{{all.name}} = {% for its in _plan.changing if its.name.startswith(all.name + ".") %}!_probe_{{_plan.changing.index(its) + 1}}.chosen.empty() || {% endfor %}false;
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
    const int64_t met[3] = {_row[lane], step, (int64_t)_array_schedule_repeats[lane]};
    _probe_met.write(reinterpret_cast<const char*>(met), sizeof(met));
    _probe_met.flush();
    {% for its in _plan.changing %}
    _probe_{{loop.index}}.look({{its.start}}{{" + lane*(%s)" % its.length if its.lanes > 1}});
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

// Every lane begins with what was given for one.
template<class T> static void _spread(T* data, int64_t n)
{
    for (int64_t lane=1; lane<_n_lanes; lane++) std::copy(data, data + n, data + lane*n);
}

static void _read_input(long n_rows)
{
    using namespace brian;
    _n_steps.resize(n_rows);
    _read(_folder + "n_steps", _n_steps.data(), n_rows);
    int64_t _n_signal_rows = 0, _longest = 0;
    for (const int64_t n : _n_steps)
    {
        _n_signal_rows += n;
        _longest = std::max(_longest, n);
    }
    // A lane may look beyond its sample while others go on.
    const int64_t _more = _n_lanes > 1 ? _longest : 0;
    _read(_folder + "key", _seed, 2);
    {% block tables %}
    {% for table, n_columns, file, by_step in _plan.tables %}
    {% set n_rows_of_it = "_n_signal_rows" if by_step else "n_rows" %}
    delete [] {{table}}_values;
    {{table}}_values = new double[({{n_rows_of_it}} + _more)*{{n_columns}}]();
    _read(_folder + "input.{{file}}.table", {{table}}_values, {{n_rows_of_it}}*{{n_columns}});
    {% endfor %}
    {% if _plan.n_target_signals %}
    delete [] target_signal_values;
    target_signal_values = new double[(_n_signal_rows + _more)*{{_plan.n_target_signals}}]();
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
    std::copy(_seed, _seed + 2, uniform_key);
    {% endif %}
    {% for uniform, file in _plan.noise_keys %}
    _read(_folder + "input.{{file}}.key", {{uniform}}_key, 2);
    {% endfor %}
    {% endblock %}
    {% block moment %}
    _now = _Moment{_array_schedule_sample_key, _array_schedule_repeats, -1,
                   {(uint32_t)_seed[0], (uint32_t)_seed[1]}};
    {% endblock %}
    {% for all in _plan.superposed %}
    _superposition_{{all.name}}.prepare({{all.n_pre}}, {{all.n_post}}, {{all.how.states|length}},
                                        {{all.variables|length}}, {{all.variables.index(all.how.jumps)}});
    {% endfor %}
    {% for array, length in _plan.resized %}
    {{array}}.resize({{length}}*_n_lanes);
    {% endfor %}
    {% for its in _plan.read %}
    _read(_folder + "in.{{_plan.files[its.name]}}", {{its.start}}, {{its.length}});
    {% if its.lanes > 1 %}
    _spread({{its.start}}, {{its.length}});
    {% endif %}
    {% endfor %}
    {% for list in _plan.lists %}
    {
        {% for name, array, changes in list.read %}
        _read_all(_folder + "{{"" if changes else "../"}}in.{{_plan.files[name]}}", {{array}});
        {% endfor %}
        {% if list.repeated %}
        const int64_t own = {{list.arrays.i}}.size();
        {% for name, array, changes in list.read %}
        {{array}}.resize(own*_n_lanes);
        _spread({{array}}.data(), own);
        {% endfor %}
        for (int64_t k=own; k<own*_n_lanes; k++)
        {
            {{list.arrays.i}}[k] += k/own*{{list.n_pre}}/_n_lanes;
            {{list.arrays.j}}[k] += k/own*{{list.n_post}}/_n_lanes;
        }
        {% endif %}
        const size_t n = {{list.arrays.i}}.size();
        {% for array in list.all %}
        {{array}}.resize(n);
        {% endfor %}
        {{list.number}}[0] = (int32_t)n;
        _list_{{list.name}}.prepare({{list.arrays.i}}, {{list.arrays.j}}, {{list.arrays.delay}},
            _array_step_clock_dt[0], {{list.n_pre}}, {{list.n_post}}, {{list.learns|lower}},
            {{list.arrivals}});
    }
    {% endfor %}
    {% for name, file, spikes, n in _plan.spike_inputs %}
    _input_{{name}}.read(_folder + "input.{{file}}");
    {% endfor %}
}
{% block during_slots %}
{% for name, file, spikes, n in _plan.spike_inputs %}

static void _fire_input_{{name}}(int64_t step)
{
    int32_t* spikes = brian::{{spikes}};
    int32_t number = 0;
    for (int64_t lane=0; lane<_n_lanes; lane++)
        _input_{{name}}.fire(lane, lane*{{n//_plan.lanes}}, step,
                             [&](int32_t unit) { spikes[number++] = unit; });
    spikes[{{n}}] = number;
}
{% endfor %}

static void _arrive()
{
    {% for array, open in _plan.arrivals %}
    _arrivals{{array}}.arrive(brian::{{array}}, {{"brian::" + open if open else "0"}});
    {% endfor %}
}

// Before resets, which may change what a spike adds.
static void _note_spikes()
{
    using namespace brian;
    {% for all in _plan.superposed %}
    _superposition_{{all.name}}.note({{all.spikes}}, {{all.spikes}}[{{all.n_pre}}], {{all.amounts}},
                                     {{all.amount}});
    {% endfor %}
}

{% include 'side_by_side.cpp' %}
{% endblock %}
// Rows are handed out in order, to lanes that have nothing to show.
static int64_t _hand_out(int64_t& next, int64_t n_rows)
{
    int64_t number = 0;
    for (int64_t lane=0; lane<_n_lanes; lane++)
    {
        if (_row[lane] < 0 && next < n_rows) _row[lane] = next++;
        number += _row[lane] >= 0;
    }
    return number;
}

static void _run_slots(long n_rows)
{
    using namespace brian;
    {% block begin %}
    {% endblock %}
    using clock = std::chrono::steady_clock;
    const auto begun = clock::now();
    auto reported = begun;
    int64_t next = 0, n_done = 0, n_shown;
    std::fill_n(_row, _n_lanes, -1);
    while ((n_shown = _hand_out(next, n_rows)) && !_stop_requested)
    {
        // Time counts from 0 in every slot, so that its arithmetic is the same wherever it lies.
        _array_step_clock_timestep[0] = 0;
        _array_step_clock_t[0] = 0.0;
        int64_t n_steps = 0;
        for (int64_t lane=0; lane<_n_lanes; lane++)
        {
            const int64_t row = _row[lane];
            _array_schedule_cursor[lane] = std::max(row, (int64_t)0);
            _array_schedule_n_shown[lane] = n_shown;
            _lane_steps[lane] = row < 0 ? 0 : _n_steps[row];
            n_steps = std::max(n_steps, _lane_steps[lane]);
            // Points are sorted, and a row that comes again meets its own again.
            size_t first = 0, end = _probe_points.size()/2;
            while (first < end)
            {
                const size_t middle = (first + end)/2;
                if (_probe_points[2*middle] < row) first = middle + 1;
                else end = middle;
            }
            _probe_next[lane] = first;
        }
        {% for name, file, spikes, n in _plan.spike_inputs %}
        _input_{{name}}.begin_slot({{n}});
        {% endfor %}
        {% block begin_slot %}
        {% endblock %}
        {% for list in _plan.lists %}
        _list_{{list.name}}.forget();
        {% endfor %}
        {% for array, _ in _plan.arrivals %}
        _arrivals{{array}}.forget();
        {% endfor %}
        {% for all in _plan.superposed %}
        _superposition_{{all.name}}.begin_slot(n_steps);
        {% endfor %}
        {% for call in _plan.start %}
        _clear_registers();
        {{call}}
        {% endfor %}
        {% block steps %}
        for (int64_t step=0; step<n_steps; step++)
        {
            {% if _plan.lanes > 1 %}
            for (int64_t lane=0; lane<_n_lanes; lane++) if (_lane_steps[lane] == step) _keep(lane);
            {% endif %}
            _array_step_clock_timestep[0] = step;
            _array_step_clock_t[0] = step*_array_step_clock_dt[0];
            _now.step = step;
            {% for call in _plan.step %}
            _clear_registers();
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
            {% for spikes, number in _plan.watched %}
            for (int32_t k=0; _keeps_spikes && k<{{spikes}}[{{number}}]; k++)
            {
                const int32_t lane = {{"%s[k]/%d" % (spikes, number//_plan.lanes) if _plan.lanes > 1 else "0"}};
                if (step >= _lane_steps[lane]) continue;
                _lane_times[lane].push_back(_array_step_clock_t[0]);
                _lane_units[lane].push_back({{_plan.watched[:loop.index0]|sum(attribute=1)//_plan.lanes}} + {{spikes}}[k] - lane*{{number//_plan.lanes}});
            }
            {% endfor %}
            for (int64_t lane=0; lane<_n_lanes; lane++)
            {
                size_t& at = _probe_next[lane];
                if (2*at < _probe_points.size() && _probe_points[2*at] == _row[lane]
                    && _probe_points[2*at + 1] == step)
                {
                    _look(lane, step);
                    at++;
                }
            }
        }
        _now.step = -1;
        {% endblock %}
        {% if _plan.superposed %}
        const bool _is_last = _row[0] + 1 == n_rows || _stop_requested;
        {% endif %}
        for (int64_t lane=0; lane<_n_lanes; lane++)
        {
            {% if _plan.lanes > 1 %}
            if (_lane_steps[lane] < n_steps) _bring_back(lane);
            {% endif %}
            if (_row[lane] < 0) continue;
            if (_row[lane] + 1 == next) _last_lane = lane;
            {% for variable in _plan.log %}
            _log.push_back(_array_schedule_{{variable}}[lane]);
            {% endfor %}
            _spike_times.insert(_spike_times.end(), _lane_times[lane].begin(), _lane_times[lane].end());
            _spike_units.insert(_spike_units.end(), _lane_units[lane].begin(), _lane_units[lane].end());
            _lane_times[lane].clear();
            _lane_units[lane].clear();
            _offsets.push_back((int64_t)_spike_times.size());
        }
        {% for call in _plan.end %}
        {{call}}
        {% endfor %}
        {% block end_slot %}
        {% endblock %}
        for (int64_t lane=0; lane<_n_lanes; lane++)
            if (_row[lane] >= 0 && _array_schedule_cursor[lane] > _row[lane])
            {
                _row[lane] = -1;
                n_done++;
            }
        const auto now = clock::now();
        if (std::chrono::duration<double>(now - reported).count() > 0.2)
        {
            std::printf("%ld\n", (long)n_done);
            std::fflush(stdout);
            reported = now;
        }
    }
    // All rows before this one are done.
    for (int64_t lane=0; lane<_n_lanes; lane++) if (_row[lane] >= 0) next = std::min(next, _row[lane]);
    std::fill_n(_array_schedule_cursor, _n_lanes, (double)next);
    // A sample that is not done begins anew in the next run, by whichever lane.
    if (_n_lanes > 1) std::fill_n(_array_schedule_repeats, _n_lanes, 0.0);
    _seconds = std::chrono::duration<double>(clock::now() - begun).count();
}

static void _write_output()
{
    using namespace brian;
    {% block write %}
    {% endblock %}
    {% for its in _plan.changing %}
    _write(_folder + "out.{{_plan.files[its.name]}}", {{its.start}}{{" + _last_lane*(%s)" % its.length if its.lanes > 1}}, {{its.length}});
    {% endfor %}
    _write(_folder + "spikes.t", _spike_times.data(), _spike_times.size());
    _write(_folder + "spikes.i", _spike_units.data(), _spike_units.size());
    _write(_folder + "offsets", _offsets.data(), _offsets.size());
    _write(_folder + "log", _log.data(), _log.size());
    _write(_folder + "seconds", &_seconds, 1);
}

int main(int argc, char **argv)
{
    // arguments: run folder, rows of the sample table, what lanes learn, whether to hand back spikes
    if (argc != 5) _fail("usage: main FOLDER ROWS COMBINE SPIKES");
    _folder = std::string(argv[1]) + "/";
    const long n_rows = std::atol(argv[2]);
    _combine = std::atoi(argv[3]);
    _keeps_spikes = std::atoi(argv[4]);
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
