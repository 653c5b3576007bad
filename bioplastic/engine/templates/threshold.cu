{# Neurons that spike, in ascending order (spikes.cuh). #}
{# USES_VARIABLES { N } #}
{% extends 'common.cu' %}

{% block kernels %}
{% set own = kernel(codeobj_name, scalar_code, vector_code + (falls_silent(variables) if _uses_refractory else []), variables, owner) %}
static __global__ void _kernel_{{codeobj_name}}(const int64_t _n, int32_t* _spikes, uint32_t* _words
    {{own.parameters}})
{
    {{own.head|autoindent}}
    const int64_t _end = _tile_of(_n, blockIdx.x + 1);
    for (int64_t _tile=_tile_of(_n, blockIdx.x); _tile<_end && _tile*_block_size<_n; _tile++)
    {
        const int64_t _idx = _tile*_block_size + threadIdx.x;
        const int64_t _vectorisation_idx = _idx;
        bool _is_spike = false;
        if (_idx < _n)
        {
            {{own.body|autoindent}}
            _is_spike = _cond;
        }
        _note(_words, _tile, _is_spike);
    }
    _list_spikes(_spikes, _words, _n);
}
{% endblock %}

{% block launch %}
{% set own = kernel(codeobj_name, scalar_code, vector_code + (falls_silent(variables) if _uses_refractory else []), variables, owner) %}
    _launch_threshold(_kernel_{{codeobj_name}}, {{in_lanes(owner)}}, {{on_device(eventspace_variable)}}
                      {{own.arguments}});
{% endblock %}
