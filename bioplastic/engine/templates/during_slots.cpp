{# What slots do beside code objects: inputs fire, spikes arrive, more of a sample is taken. #}
{% for name, file, spikes, n in _plan.spike_inputs %}

static void _fire_input_{{name}}(int64_t step)
{
    int32_t* spikes = {{spikes}};
    int32_t number = 0;
    for (int64_t lane=0; lane<_n_lanes; lane++)
        _input_{{name}}.fire(lane, lane*{{n}}, step, [&](int32_t unit) { spikes[number++] = unit; });
    spikes[{{n}}*_n_lanes] = number;
}
{% endfor %}

static void _arrive()
{
    {% for array, open in _plan.arrivals %}
    _arrivals{{array}}.arrive({{array}}, {{open or "0"}});
    {% endfor %}
}

// Before resets, which may change what a spike adds.
static void _note_spikes()
{
    {% for all in _plan.superposed %}
    _superposition_{{all.name}}.note({{all.spikes}}, {{all.spikes}}[{{all.n_pre}}], {{all.amounts}},
                                     {{all.amount}});
    {% endfor %}
}

{% include 'side_by_side.cpp' %}
{% if _plan.lanes == 1 %}

// A sample that goes on: its spikes so far are handed back, and more of it is waited for.
_COLD bool _take_more(int64_t& n_steps)
{
    int64_t more = 0;
    _write(_Name("0.spikes.t"), _lane_times[0].data(), _lane_times[0].size()*sizeof(double));
    _write(_Name("0.spikes.i"), _lane_units[0].data(), _lane_units[0].size()*sizeof(int32_t));
    _lane_times[0].clear();
    _lane_units[0].clear();
    if (!_next_order(more)) std::exit(0);
    {% for name, file, spikes, n in _plan.spike_inputs %}
    _spikes_{{name}}.read({{file}});
    _input_{{name}}.go_on(_spikes_{{name}});
    {% endfor %}
    n_steps += more;
    _lane_steps[0] = n_steps;
    return true;
}
{% endif %}

