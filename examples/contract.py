import gentrace
from gentrace.apis.tags import ingestion_api
from gentrace.model.pipeline_run_response import PipelineRunResponse
from gentrace.model.pipeline_run_request import PipelineRunRequest
from pprint import pprint
# Defining the host is optional and defaults to https://gentrace.ai/api/v1
# See configuration.py for a list of all supported configuration parameters.
configuration = gentrace.Configuration(
    host = "https://gentrace.ai/api/v1"
)

# The client must configure the authentication and authorization parameters
# in accordance with the API server security policy.
# Examples for each auth method are provided below, use the example that
# satisfies your auth use case.

# Configure Bearer authorization: bearerAuth
configuration = gentrace.Configuration(
    access_token = 'YOUR_BEARER_TOKEN'
)
# Enter a context with an instance of the API client
with gentrace.ApiClient(configuration) as api_client:
    # Create an instance of the API class
    api_instance = ingestion_api.IngestionApi(api_client)

    # example passing only required values which don't have defaults set
    body = PipelineRunRequest(
        name="name_example",
        step_runs=[
            dict(
                provider=dict(
                    name="name_example",
                    invocation="invocation_example",
                    model_params=dict(),
                    inputs=dict(),
                    outputs=dict(),
                ),
                elapsed_time=1,
                start_time="1970-01-01T00:00:00.00Z",
                end_time="1970-01-01T00:00:00.00Z",
            )
        ],
    )
    try:
        # Create a pipeline run
        api_response = api_instance.pipeline_run_post(
            body=body,
        )
        pprint(api_response)
    except gentrace.ApiException as e:
        print("Exception when calling IngestionApi->pipeline_run_post: %s\n" % e)
