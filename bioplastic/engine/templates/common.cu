{# Kernels, and the function that launches them. Nothing is done before or after a run. #}
{% macro body() %}
namespace _gpu::_of_{{codeobj_name}} {
{{support_code_lines|autoindent}}
{{hashdefine_lines|autoindent}}
{% block kernels %}
{% endblock %}
}

static void _run_{{codeobj_name}}()
{
    using namespace _gpu::_of_{{codeobj_name}};
    {% block launch %}
    {% endblock %}
}
{% block more %}
{% endblock %}
{% endmacro %}

{% macro before_run_cpp_file() %}EMPTY_CODE_BLOCK{% endmacro %}
{% macro after_run_cpp_file() %}EMPTY_CODE_BLOCK{% endmacro %}
