{# The body of a function, and what it calls. Nothing is done before or after a run. #}
{% macro support() %}
{{support_code_lines|autoindent}}
{{hashdefine_lines|autoindent}}
{% endmacro %}

{% macro body() %}
    {% block maincode %}
    {% endblock %}
{% endmacro %}

{% macro before_run_cpp_file() %}EMPTY_CODE_BLOCK{% endmacro %}
{% macro after_run_cpp_file() %}EMPTY_CODE_BLOCK{% endmacro %}
