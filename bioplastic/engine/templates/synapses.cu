{# Spikes act on their synapses. Where synapses add to neurons, a thread goes through all spikes for
   one neuron, in their order; where they do not, threads share out spikes, too. Of a list, what a
   spike adds is summed as whole numbers (_Arrivals), or noted and gathered (_SynapseList). #}
{# USES_VARIABLES { _synaptic_pre } #}
{% extends 'common.cu' %}

{% block kernels %}
{% set layout = layout_of(pathway, codeobj_name) %}
{% set own = kernel(codeobj_name, scalar_code, vector_code, variables, pathway) %}
{% set is_pre = pathway.prepost == 'pre' %}
{% set is_first = pathway.objname == 'pre' %}
{% set end = in_lanes(pathway.source) %}
{% if not own.body %}
{% elif layout.kind != 'listed' %}
{% set mine, n_mine = ('_i', layout.n_pre) if is_pre else ('_j', layout.n_post) %}
{% set other, n_other = ('_j', layout.n_post) if is_pre else ('_i', layout.n_pre) %}
static __global__ void _kernel_{{codeobj_name}}(const int32_t* __restrict__ _spikes{{own.parameters}})
{
    {{own.head|autoindent}}
    const int32_t _n_spikes = _spikes[{{end}}];
    {% if layout.kind == 'one_to_one' %}
    for (int64_t _spike=_thread(); _spike<_n_spikes; _spike+=_all_threads())
    {{'{'}}
        const int32_t _i = _spikes[_spike], _j = _i, _lane = {{layout.lane('_i', n_mine)}};
    {% elif own.side == pathway.prepost %}
    for (int64_t _spike=_thread(); _spike<_n_spikes; _spike+=_all_threads())
    {{'{'}}
        const int32_t {{mine}} = _spikes[_spike], _lane = {{layout.lane(mine, n_mine)}};
        for (int32_t {{other}}=_lane*{{n_other}}; {{other}}<(_lane + 1)*{{n_other}}; {{other}}++)
        {{'{'}}
    {% else %}
    for (int64_t _neuron=_thread(); _neuron<{{n_other}}*{{layout.lanes}}; _neuron+=_all_threads())
    {{'{'}}
        const int32_t {{other}} = (int32_t)_neuron, _lane = {{layout.lane(other, n_other)}};
        {% if layout.lanes != '1' %}
        const int32_t _begin = _first_spike(_spikes, _n_spikes, _lane*{{n_mine}});
        const int32_t _end = _first_spike(_spikes, _n_spikes, (_lane + 1)*{{n_mine}});
        {% else %}
        const int32_t _begin = 0, _end = _n_spikes;
        {% endif %}
        for (int32_t _spike=_begin + blockIdx.y; _spike<_end; _spike+=gridDim.y)
        {{'{'}}
            const int32_t {{mine}} = _spikes[_spike];
    {% endif %}
            {% if layout.kind == 'all_but_one' %}
            if (_i == _j) continue;
            {% endif %}
            {{layout.place|autoindent}}
            const int64_t _vectorisation_idx = _idx;
            {{own.body|autoindent}}
    {% if layout.kind != 'one_to_one' %}
        {{'}'}}
    {% endif %}
    {{'}'}}
}
{% elif is_first and arrivals_of(pathway) %}
static __global__ void _measure_{{codeobj_name}}(
    const int64_t _n, unsigned long long* _largest{{own.parameters}})
{
    {{own.head|autoindent}}
    for (int64_t _idx=_thread(); _idx<_n; _idx+=_all_threads())
    {
        const int64_t _vectorisation_idx = _idx;
        {{own.adding()|autoindent}}
        _measure(_largest, {{own.sums[0].name}});
    }
}

static __global__ void _kernel_{{codeobj_name}}(
    const int32_t* __restrict__ _spikes, const int32_t* __restrict__ _first,
    const int32_t* __restrict__ _place, unsigned long long* _ring, const double* __restrict__ _scale,
    const int64_t _n_rows, const int64_t _n_post{{own.parameters}})
{
    {{own.head|autoindent}}
    const int32_t _n_spikes = _spikes[{{end}}];
    const int64_t _row = (_now.step % _n_rows)*_n_post, _size = _n_rows*_n_post;
    for (int32_t _spike=blockIdx.x; _spike<_n_spikes; _spike+=gridDim.x)
    {
        // All lanes read the same synapses.
        const int32_t _lane = {{'_spikes[_spike]/%s' % layout.n_pre if lanes() > 1 else '0'}};
        const int32_t _i = _spikes[_spike] - _lane*{{layout.n_pre}};
        const int64_t _here = _row + _lane*{{layout.n_post}};
        for (int64_t _idx=_first[_i] + threadIdx.x; _idx<_first[_i + 1]; _idx+=blockDim.x)
        {
            const int64_t _vectorisation_idx = _idx;
            int64_t _at = _here + _place[_idx];
            if (_at >= _size) _at -= _size;
            {{own.adding()|autoindent}}
            _add_arrival(&_ring[_at], {{own.sums[0].name}}, _scale[0]);
        }
    }
}
{% else %}
{% set notes = is_pre and own.side == 'post' and own.sums %}
static __global__ void _kernel_{{codeobj_name}}(
    const int32_t* __restrict__ _fired, const int32_t* __restrict__ _n_fired,
    const int32_t* __restrict__ _first, const int32_t* __restrict__ _members,
    const int32_t _n_delays, const int64_t _n_pre,
    const int64_t _n, int32_t* _due, double* _added{{own.parameters}})
{
    {{own.head|autoindent}}
    const int64_t _step = _now.step;
    for (int64_t _delay=blockIdx.y; _delay<_n_delays && _delay<=_step; _delay+=gridDim.y)
    {
        const int64_t _row = (_step - _delay) % _n_delays;
        for (int32_t _spike=blockIdx.x; _spike<_n_fired[_row]; _spike+=gridDim.x)
        {
            const int64_t _range = _fired[_row*_n_pre + _spike]*(int64_t)_n_delays + _delay;
            for (int64_t _k=_first[_range] + threadIdx.x; _k<_first[_range + 1]; _k+=blockDim.x)
            {
                const int64_t _idx = {{'_k' if is_first else '_members[_k]'}};
                const int64_t _vectorisation_idx = _idx;
                {{(own.adding() if notes else own.body)|autoindent}}
                {% if notes %}
                {% for sum in own.sums %}
                _added[{{loop.index0}}*_n + _idx] = {{sum.name}};
                {% endfor %}
                _due[_idx] = (int32_t)_step + 1;
                {% endif %}
            }
        }
    }
}
{% endif %}
{% endblock %}

{% block launch %}
{% set layout = layout_of(pathway, codeobj_name) %}
{% set own = kernel(codeobj_name, scalar_code, vector_code, variables, pathway) %}
{% set is_pre = pathway.prepost == 'pre' %}
{% set is_first = pathway.objname == 'pre' %}
{% set spikes = spikes_of(pathway) %}
{% set end = in_lanes(pathway.source) %}
{% set n_other = layout.n_post if is_pre else layout.n_pre %}
{% set list = '_list_' + layout.name %}
{% set from = list if is_first else queue_of(pathway) %}
{% if layout.kind == 'listed' and not (is_first and arrivals_of(pathway)) %}
    {{from}}.push({{spikes}}, {{end}});
{% endif %}
{% if not own.body %}
{% elif layout.kind != 'listed' %}
    {% if own.side == 'serial' %}
    const dim3 blocks(1);
    const int block_size = 1;
    {% elif layout.kind == 'one_to_one' or own.side == pathway.prepost %}
    const dim3 blocks = _up_to(({{end}} + 63)/64, 64);
    const int block_size = 64;
    {% else %}
    const dim3 blocks = _up_to(({{n_other}}*{{layout.lanes}} + 63)/64, 8192, {{end if own.side == 'synapse' else 1}}, 64);
    const int block_size = 64;
    {% endif %}
    _launch(_kernel_{{codeobj_name}}, blocks, block_size, {{spikes}}{{own.arguments}});
{% elif is_first and arrivals_of(pathway) %}
    {% set arrivals = '_arrivals' + arrivals_of(pathway) %}
    _launch(_kernel_{{codeobj_name}}, _up_to({{end}}, 2048), _block_size, {{spikes}},
            {{list}}.first_of_pre, {{list}}.place, {{arrivals}}.ring, {{arrivals}}.scale,
            {{arrivals}}.n_rows, {{arrivals}}.n_post{{own.arguments}});
{% else %}
    {% set notes = is_pre and own.side == 'post' and own.sums %}
    {% set alone = own.side == 'serial' or own.side == 'post' and not notes or own.side == 'pre' %}
    {% set threads = 'dim3(1), 1' if alone else '_up_to(' ~ end ~ ', 2048), 128' %}
    {% set threads = threads if alone else '_up_to(' ~ end ~ ', 64, ' ~ from ~ '.n_delays, 256), 128' %}
    _launch(_kernel_{{codeobj_name}}, {{threads}}, {{from}}.fired, {{from}}.n_fired, {{from}}.first,
            {{'(int32_t*)0' if is_first else from ~ '.synapses'}}, {{from}}.n_delays, {{from}}.n_pre,
            {{list}}.n, {{list}}.due, {{list}}.added{{own.arguments}});
    {% if notes %}
    {% for sum in own.sums %}
    {{list}}.gather({{sum.pointer|replace('_ptr', '_dev', 1)}}, {{loop.index0}});
    {% endfor %}
    {% if several_add(pathway) %}
    _clear({{list}}.due, {{list}}.n);  // of another pathway, in this step
    {% endif %}
    {% endif %}
{% endif %}
{% endblock %}

{% block more %}
{% set arrivals = arrivals_of(pathway) %}
{% if arrivals and pathway.objname == 'pre' %}
{% set list = '_list_' + pathway.synapses.name %}
{% set own = kernel(codeobj_name, scalar_code, vector_code, variables, pathway) %}
// In every slot: weights may have been normalised.
static void _measure{{list}}()
{
    _launch(_gpu::_of_{{codeobj_name}}::_measure_{{codeobj_name}}, _blocks_for({{list}}.n), _block_size,
            {{list}}.n, _arrivals{{arrivals}}.largest{{own.arguments}});
}
{% endif %}
{% endblock %}
