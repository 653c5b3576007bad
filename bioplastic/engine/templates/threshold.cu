{# Neurons that spike, in ascending order (spikes.cuh). #}
{# USES_VARIABLES { N } #}
{% extends 'common.cu' %}

{% block kernels %}
{% set own = kernel(codeobj_name, scalar_code, vector_code, variables, owner) %}
static __global__ void _kernel_{{codeobj_name}}(const int64_t _n, int32_t* _spikes, uint32_t* _words
    {{own.parameters}})
{
    {{own.head|autoindent}}
    for (int64_t _tile=blockIdx.x; _tile*_block_size<_n; _tile+=gridDim.x)
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
{% set own = kernel(codeobj_name, scalar_code, vector_code, variables, owner) %}
{% set spikes = on_device(eventspace_variable) %}
    const int64_t n = {{owner|length}};
    _launch(_kernel_{{codeobj_name}}, _blocks_for(n), _block_size, n, {{spikes}},
            (uint32_t*)({{spikes}} + n + 1){{own.arguments}});
{% endblock %}
