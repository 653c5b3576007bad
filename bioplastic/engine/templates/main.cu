{# The same program with its arrays on a GPU: kernels do what functions do in main.cpp, and what a
   slot ends with is looked at by the CPU. Within a slot nobody waits for the GPU. #}
{% extends 'main.cpp' %}

{% block open %}
    _open_device();
{% endblock %}

{% block tables %}
    {% set _plan = slot_plan() %}
    {% if _plan.n_features %}
    _set_table(_dev_stimulus_values, "stimulus",
               {{"_n_signal_rows" if _plan.signal_input else "n_rows"}}*{{_plan.n_features}});
    {% endif %}
    {% if _plan.n_target_signals %}
    _set_table(_dev_target_signal_values, "target_signals", _n_signal_rows*{{_plan.n_target_signals}});
    {% endif %}
    {% if _plan.has_targets %}
    _set_table(_dev_target_values, "targets", n_rows);
    {% endif %}
    _set_table(_dev_sample_keys_values, "sample_keys", n_rows);
    _sample_keys.resize(n_rows);
    _read(_folder + "sample_keys", _sample_keys.data(), n_rows);
    _first_steps.assign(1, 0);
    for (const int64_t n : _n_steps) _first_steps.push_back(_first_steps.back() + n);
    const std::vector<double> _first_rows(_first_steps.begin(), _first_steps.end());
    const std::vector<double> _slot_steps(_n_steps.begin(), _n_steps.end());
    _set_numbers(_dev_first_rows_values, _first_rows);
    _set_numbers(_dev_slot_steps_values, _slot_steps);
    int64_t _key[2];
    _read(_folder + "key", _key, 2);
    _set_on_device(_dev_uniform_key, _key);
    {% for array, n in _plan.sizes %}
    {{array}}.resize({{n}});
    {% endfor %}
{% endblock %}

{% block look %}
    {% set _plan = slot_plan() %}
    {% for name, start, type in _plan.probes %}
    {% if name in _plan.on_device %}
    if (!_probe_{{loop.index}}.chosen.empty()) _to_host{{_plan.on_device[name]}};
    {% endif %}
    {% endfor %}
    _to_host(_array_schedule_repeats, _dev_array_schedule_repeats, 1);
{% endblock %}

{% block during_steps %}
{% set _plan = slot_plan() %}
{% if _plan.spike_input %}

static int64_t* _dev_input_first;
static int32_t* _dev_input_fired;

// A channel fires once in a step: what more it has to say follows in the next. That depends on the
// sample alone, and is found out before the run.
static void _lay_out_input()
{
    std::vector<int64_t> first(1, 0);
    std::vector<int32_t> fired;
    const auto fire = [&](int32_t unit, int64_t step)
    {
        if (_input_last[unit] == step) { _input_late.push_back(unit); return; }
        _input_last[unit] = step;
        fired.push_back(unit);
    };
    for (size_t row=0; row<_n_steps.size(); row++)
    {
        _input_next = _input_offsets[row];
        _input_late.clear();
        _input_last.assign({{_plan.spike_input[1]}}, -1);
        for (int64_t step=0; step<_n_steps[row]; step++)
        {
            _input_waiting.swap(_input_late);
            _input_late.clear();
            for (const int32_t unit : _input_waiting) fire(unit, step);
            while (_input_next < _input_offsets[row + 1] && _input_steps[_input_next] <= step)
                fire(_input_units[_input_next++], step);
            first.push_back((int64_t)fired.size());
        }
    }
    _dev_input_first = _SynapseList::copy(first);
    _dev_input_fired = _SynapseList::copy(fired);
    _wait();
}

static void _fire_input(int64_t)
{
    _launch(_fire, dim3(4), _block_size, _dev_input_first, _dev_input_fired,
            _dev{{_plan.spike_input[0]}}, (int64_t){{_plan.spike_input[1]}});
}
{% endif %}

static void _arrive()
{
    {% for array, _ in _plan.arrivals %}
    _arrivals{{array}}.arrive(_dev{{array}});
    {% endfor %}
}

static void _note_spikes() {}

static _Recorded _recorded;

static void _step(int64_t step)
{
    _launch(_begin_step, dim3(1), 1, _dev_array_step_clock_timestep, _dev_array_step_clock_t,
            _dev_array_step_clock_dt);
    {% for call in _plan.step %}
    {{call}}
    {% endfor %}
    {% if not _plan.arrive %}
    _arrive();
    {% endif %}
    {% for spikes, number, first in _plan.watched %}
    _launch(_record, dim3(1), _block_size, _dev{{spikes}}, (int64_t){{number}}, (int32_t){{first}},
            _recorded.number, _recorded.steps, _recorded.units);
    {% endfor %}
}

{% if not _plan.waits %}
static _Steps _steps;
{% endif %}
{% endblock %}

{% block begin %}
    {% set _plan = slot_plan() %}
    {% for array in _plan.mirrors %}
    _dev{{array.name}} = _allocate<{{array.type}}>({{array.length}} + {{array.room}});
    _to_device(_dev{{array.name}}, {{array.start}}, {{array.length}});
    {% endfor %}
    {% if _plan.spike_input %}
    _lay_out_input();
    {% endif %}
    {% for name, n in _plan.additions %}
    _list_{{name}}.note_additions({{n}});
    {% endfor %}
    const int64_t _n_watched = {{_plan.n_watched}};
    _recorded.prepare(_n_watched);
    _wait();
{% endblock %}

{% block begin_slot %}
        {% set _plan = slot_plan() %}
        const _Moment _moment = {
            _sample_keys[row], (double)_array_schedule_repeats[0], _first_steps[row], -1};
        _launch(_begin_slot, dim3(1), 1, _moment, _dev_array_step_clock_timestep,
                _dev_array_step_clock_t);
        {% for list in _plan.lists %}
        _list_{{list.name}}.forget();
        {% endfor %}
        {% for array, _ in _plan.arrivals %}
        _arrivals{{array}}.forget();
        {% endfor %}
{% endblock %}

{% block steps %}
        {% set _plan = slot_plan() %}
        {% for name in _plan.measured %}
        _measure_list_{{name}}();
        {% endfor %}
        {% for array, _ in _plan.arrivals %}
        _arrivals{{array}}.choose_scale();
        {% endfor %}
        const int64_t _room = _n_watched ? _recorded.size/_n_watched : n_steps;
        for (int64_t step=0; step<n_steps; )
        {
            const bool _looks = 2*_probe_next < _probe_points.size()
                && _probe_points[2*_probe_next] == (int64_t)row
                && _probe_points[2*_probe_next + 1] >= step;
            const int64_t _stop = _looks ? _probe_points[2*_probe_next + 1] + 1 : n_steps;
            const int64_t _n = std::min(std::min(_stop, n_steps) - step, _room);
            {% if _plan.waits %}
            for (int64_t k=0; k<_n; k++) _step(step + k);
            {% else %}
            _steps.run(_step, _n);
            {% endif %}
            step += _n;
            _recorded.fetch(_spike_times, _spike_units, _array_step_clock_dt[0]);
            if (_looks && step == _stop)
            {
                _look(row, step - 1);
                _probe_next++;
            }
        }
        _launch(_end_steps, dim3(1), 1);
        {% for variable in _plan.log %}
        _to_host(_array_schedule_{{variable}}, _dev_array_schedule_{{variable}}, 1);
        {% endfor %}
{% endblock %}

{% block end_slot %}
        {% set _plan = slot_plan() %}
        {% for variable in _plan.log %}
        _to_host(_array_schedule_{{variable}}, _dev_array_schedule_{{variable}}, 1);
        {% endfor %}
{% endblock %}

{% block write %}
    {% set _plan = slot_plan() %}
    {% for name, copy in _plan.on_device|dictsort %}
    _to_host{{copy}};
    {% endfor %}
{% endblock %}
