{# Neurons or synapses, one after the other in no particular order; where synapses add to neurons, a
   thread takes all synapses of a neuron. #}
{# USES_VARIABLES { N } #}
{# ALLOWS_SCALAR_WRITE #}
{% extends 'common.cu' %}

{% block kernels %}
{% set layout = layout_of(owner, codeobj_name) %}
{% set own = kernel(codeobj_name, scalar_code, vector_code, variables, owner) %}
{% if own.body %}
static __global__ void _kernel_{{codeobj_name}}(const int64_t _n
    {%- if layout and layout.kind == 'listed' %}, const int32_t* __restrict__ _first, const int32_t* __restrict__ _members{% endif %}
    {{own.parameters}})
{
    {{own.head|autoindent}}
    {% if layout is none or own.side == 'synapse' or layout.kind == 'one_to_one' %}
    for (int64_t _idx=_thread(); _idx<_n; _idx+=_n_threads())
    {
        const int64_t _vectorisation_idx = _idx;
        {% if layout and layout.kind != 'listed' %}
        {{layout.neurons|autoindent}}
        {% endif %}
        {{own.body|autoindent}}
    }
    {% elif layout.kind == 'listed' %}
    for (int64_t _neuron=_thread(); _neuron<_n; _neuron+=_n_threads())
        for (int32_t _k=_first[_neuron]; _k<_first[_neuron + 1]; _k++)
        {
            const int64_t _idx = _members ? _members[_k] : _k;
            const int64_t _vectorisation_idx = _idx;
            {{own.body|autoindent}}
        }
    {% else %}
    {% set is_pre = own.side == 'pre' %}
    {% set mine, n_mine = ('_i', layout.n_pre) if is_pre else ('_j', layout.n_post) %}
    {% set other, n_other = ('_j', layout.n_post) if is_pre else ('_i', layout.n_pre) %}
    for (int64_t _neuron=_thread(); _neuron<_n; _neuron+=_n_threads())
    {
        const int32_t {{mine}} = (int32_t)_neuron, _lane = {{layout.lane(mine, n_mine)}};
        for (int32_t {{other}}=_lane*{{n_other}}; {{other}}<(_lane + 1)*{{n_other}}; {{other}}++)
        {
            {% if layout.kind == 'all_but_one' %}
            if (_i == _j) continue;
            {% endif %}
            {{layout.place|autoindent}}
            const int64_t _vectorisation_idx = _idx;
            {{own.body|autoindent}}
        }
    }
    {% endif %}
}
{% endif %}
{% if own.shared %}
static __global__ void _shared_{{codeobj_name}}(const int64_t{{own.parameters}})
{
    {{own.shared|autoindent}}
}
{% endif %}
{% endblock %}

{% block launch %}
{% set layout = layout_of(owner, codeobj_name) %}
{% set own = kernel(codeobj_name, scalar_code, vector_code, variables, owner) %}
{% set alone = own.side == 'serial' %}
{% if not own.body %}
{% elif layout is none or own.side == 'synapse' or layout.kind == 'one_to_one' %}
    {% if layout is none %}
    const int64_t n = {{owner|length}};
    {% elif layout.kind == 'listed' %}
    const int64_t n = _list_{{layout.name}}.n;
    {% else %}
    const int64_t n = {{layout.n_synapses*layout.lanes}}LL;
    {% endif %}
    _launch(_kernel_{{codeobj_name}}, {{'dim3(1), 1' if alone else '_blocks_for(n), _block_size'}}, n
        {%- if layout and layout.kind == 'listed' %}, _list_{{layout.name}}.first, _list_{{layout.name}}.incoming{% endif %}
        {{own.arguments}});
{% else %}
    const int64_t n = {{(layout.n_pre if own.side == 'pre' else layout.n_post)*layout.lanes}};
    {% if layout.kind == 'listed' and own.side == 'pre' %}
    const int32_t *first = _list_{{layout.name}}.first_of_pre, *members = 0;
    {% elif layout.kind == 'listed' %}
    const int32_t *first = _list_{{layout.name}}.first_incoming, *members = _list_{{layout.name}}.incoming;
    {% endif %}
    _launch(_kernel_{{codeobj_name}}, {{'dim3(1), 1' if alone else '_up_to((n + 63)/64, 8192), 64'}}, n
        {%- if layout.kind == 'listed' %}, first, members{% endif %}
        {{own.arguments}});
{% endif %}
{% if own.shared %}
    _launch(_shared_{{codeobj_name}}, dim3(1), 1, (int64_t)1{{own.arguments}});
{% endif %}
{% endblock %}
