"""Writes JMeter plans: JMeter's file format is XML, element by element."""

from __future__ import annotations

from xml.sax.saxutils import escape

from .base import LOGIN_BODY, PATHS_OF_B, Job

NO_ARGUMENTS = (
    '<elementProp name="{}" elementType="Arguments" guiclass="HTTPArgumentsPanel" testclass="Arguments">'
    '<collectionProp name="Arguments.arguments"/></elementProp>'
)


def build(job: Job) -> str:
    """The plan of a scenario, as XML."""
    inside = _defaults(job) + (_login_then_ask() if job.key == "B" else _sampler("market", "/api/market-data"))
    if job.scenario.think_time:
        delay = _prop("string", "ConstantTimer.delay", job.scenario.think_time * 1000)
        inside += _element("ConstantTimer", "ConstantTimerGui", "think time", delay)
    group = _open_group(job, inside) if job.scenario.rate else _thread_group(job, inside)
    variables = NO_ARGUMENTS.format("TestPlan.user_defined_variables")
    plan = _element("TestPlan", "TestPlanGui", "bench", variables, group)
    root = f'<jmeterTestPlan version="1.2"><hashTree>{plan}</hashTree></jmeterTestPlan>'
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{root}\n'


def _prop(kind: str, name: str, value: object = "") -> str:
    return f'<{kind}Prop name="{name}">{escape(str(value))}</{kind}Prop>'


def _element(kind: str, gui: str, name: str, props: str, children: str = "") -> str:
    head = f'<{kind} guiclass="{gui}" testclass="{kind}" testname="{name}" enabled="true">'
    return f"{head}{props}</{kind}>\n<hashTree>{children}</hashTree>\n"


def _defaults(job: Job) -> str:
    props = NO_ARGUMENTS.format("HTTPsampler.Arguments") + _prop("string", "HTTPSampler.domain", "127.0.0.1")
    props += _prop("string", "HTTPSampler.port", job.port) + _prop("string", "HTTPSampler.protocol", "http")
    props += _prop("string", "HTTPSampler.implementation", "HttpClient4")
    return _element("ConfigTestElement", "HttpDefaultsGui", "defaults", props)


def _sampler(name: str, path: str, children: str = "", body: str = "") -> str:
    arguments = NO_ARGUMENTS.format("HTTPsampler.Arguments")
    if body:
        argument = _prop("bool", "HTTPArgument.always_encode", "false") + _prop("string", "Argument.value", body)
        arguments = (
            _prop("bool", "HTTPSampler.postBodyRaw", "true")
            + '<elementProp name="HTTPsampler.Arguments" elementType="Arguments">'
            + '<collectionProp name="Arguments.arguments"><elementProp name="" elementType="HTTPArgument">'
            + f"{argument}</elementProp></collectionProp></elementProp>"
        )
    props = arguments + _prop("string", "HTTPSampler.path", path)
    props += _prop("string", "HTTPSampler.method", "POST" if body else "GET")
    props += _prop("bool", "HTTPSampler.use_keepalive", "true")
    return _element("HTTPSamplerProxy", "HttpTestSampleGui", name, props, children)


def _header(name: str, value: str) -> str:
    row = _prop("string", "Header.name", name) + _prop("string", "Header.value", value)
    rows = f'<elementProp name="" elementType="Header">{row}</elementProp>'
    return _element(
        "HeaderManager",
        "HeaderPanel",
        "headers",
        f'<collectionProp name="HeaderManager.headers">{rows}</collectionProp>',
    )


def _login_then_ask() -> str:
    extract = _prop("string", "JSONPostProcessor.referenceNames", "token")
    extract += _prop("string", "JSONPostProcessor.jsonPathExprs", "$.token")
    extract += _prop("string", "JSONPostProcessor.match_numbers", "1")
    token = _element("JSONPostProcessor", "JSONPostProcessorGui", "token", extract)
    login = _sampler("login", "/api/auth/login", _header("Content-Type", "application/json") + token, LOGIN_BODY)
    once = _element("OnceOnlyController", "OnceOnlyControllerGui", "once", "", login)
    bearer = _header("Authorization", "Bearer ${token}")
    asked = "".join(_sampler(path, f"/api/{path}", bearer) for path in PATHS_OF_B)
    return once + _status_is_200() + asked


def _status_is_200() -> str:
    # JMeter spells the name of this collection without the second t.
    props = f'<collectionProp name="Asserion.test_strings">{_prop("string", "200", "200")}</collectionProp>'
    props += _prop("string", "Assertion.test_field", "Assertion.response_code")
    props += _prop("bool", "Assertion.assume_success", "false") + _prop("int", "Assertion.test_type", 8)
    return _element("ResponseAssertion", "AssertionGui", "is 200", props)


def _thread_group(job: Job, inside: str) -> str:
    forever = _prop("bool", "LoopController.continue_forever", "false") + _prop("int", "LoopController.loops", -1)
    props = _prop("string", "ThreadGroup.on_sample_error", "continue")
    props += f'<elementProp name="ThreadGroup.main_controller" elementType="LoopController">{forever}</elementProp>'
    props += _prop("string", "ThreadGroup.num_threads", job.users)
    props += _prop("string", "ThreadGroup.ramp_time", job.scenario.ramp_up)
    props += _prop("bool", "ThreadGroup.scheduler", "true") + _prop("string", "ThreadGroup.duration", job.seconds)
    return _element("ThreadGroup", "ThreadGroupGui", "users", props, inside)


def _open_group(job: Job, inside: str) -> str:
    rate = f"rate({job.scenario.rate}/sec)"
    props = '<elementProp name="ThreadGroup.main_controller" elementType="OpenModelThreadGroupController"/>'
    props += _prop("string", "ThreadGroup.on_sample_error", "continue")
    props += _prop("string", "OpenModelThreadGroup.schedule", f"{rate} even_arrivals({job.seconds} sec) {rate}")
    return _element("OpenModelThreadGroup", "OpenModelThreadGroupGui", "open", props, inside)
