{# Neurons or synapses, one after the other in no particular order; where synapses add to neurons, a
   thread takes all synapses of a neuron. #}
{# USES_VARIABLES { N } #}
{# ALLOWS_SCALAR_WRITE #}
{% extends 'common.cu' %}

{% block kernels %}
{% set layout = layout_of(owner, codeobj_name) %}
{% set code = summed(vector_code, '_synaptic_var', _target_var, _index_var) if _target_var is defined else vector_code %}
{% set own = kernel(codeobj_name, scalar_code, code, variables, owner) %}
{% if own.body %}
{% set listed = layout is not none and layout.kind == 'listed' %}
{% set each = layout is none or own.side == 'synapse' or layout.kind == 'one_to_one' %}
static __global__ void _kernel_{{codeobj_name}}(const int64_t _n
    {%- if listed and not each %}, const int32_t* __restrict__ _first, const int32_t* __restrict__ _members{% endif %}
    {{own.parameters}})
{
    {{own.head|autoindent}}
    {% if each and (listed or layout is none) %}
    for (int64_t _idx=_thread(); _idx<_n; _idx+=_all_threads())
    {
        const int64_t _vectorisation_idx = _idx;
        {{own.body|autoindent}}
    }
    {% elif each %}
    for (int64_t _lane=blockIdx.y; _lane<{{layout.lanes}}; _lane+=gridDim.y)
        for (int64_t _shared=_thread(); _shared<_n; _shared+=_all_threads())
        {
            {{layout.neurons|autoindent}}
            const int64_t _vectorisation_idx = _idx;
            {{own.body|autoindent}}
        }
    {% elif listed %}
    for (int64_t _neuron=_thread(); _neuron<_n; _neuron+=_all_threads())
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
    for (int64_t _neuron=_thread(); _neuron<_n; _neuron+=_all_threads())
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
{% set code = summed(vector_code, '_synaptic_var', _target_var, _index_var) if _target_var is defined else vector_code %}
{% set own = kernel(codeobj_name, scalar_code, code, variables, owner) %}
{% if _target_var is defined %}
    _clear({{on_device(_target_var)}}, {{in_lanes(_target_var.owner)}});
{% endif %}
{% if own.body %}
{% set listed = layout is not none and layout.kind == 'listed' %}
{% set each = layout is none or own.side == 'synapse' or layout.kind == 'one_to_one' %}
{% set side = 'pre' if own.side == 'pre' else 'post' %}
    {% if listed %}
    const auto& list = _list_{{layout.name}};
    const int64_t n = list.n{{'_' + side if not each}};
    {% elif each %}
    const int64_t n = {{in_lanes(owner) if layout is none else layout.n_synapses}};
    {% else %}
    const int64_t n = {{layout['n_' + side]}}*{{layout.lanes}};
    {% endif %}
    {% set lanes = ', ' + layout.lanes if layout and not listed %}
    {% set threads = '_blocks_for(n%s), _block_size' % lanes if each else '_up_to((n + 63)/64, 8192), 64' %}
    _launch(_kernel_{{codeobj_name}}, {{'dim3(1), 1' if own.side == 'serial' else threads}}, n
        {%- if listed and not each %}, list.{{'first_of_pre, (int32_t*)0' if side == 'pre' else 'first_incoming, list.incoming'}}{% endif %}
        {{own.arguments}});
{% endif %}
{% if own.shared %}
    _launch(_shared_{{codeobj_name}}, dim3(1), 1, (int64_t)1{{own.arguments}});
{% endif %}
{% endblock %}
