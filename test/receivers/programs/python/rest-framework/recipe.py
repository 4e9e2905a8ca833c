import json
import os

from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.urls import path
from handle import handle
from standardwebhooks import Webhook, WebhookVerificationError

# In a project of its own these are settings.py and wsgi.py.
settings.configure(
    ROOT_URLCONF=__name__,
    ALLOWED_HOSTS=["127.0.0.1"],
    REST_FRAMEWORK={"UNAUTHENTICATED_USER": None},
)
app = get_wsgi_application()

from rest_framework.response import Response
from rest_framework.views import APIView

webhook = Webhook(os.environ["SIGNING_SECRET"])


class Hooks(APIView):
    authentication_classes = []
    permission_classes = []

    def post(self, request):
        # Not request.data: it parses, and refuses types that it does not know.
        body = request.body
        try:
            webhook.verify(body, dict(request.headers), json_parse=False)
        except WebhookVerificationError:
            return Response(status=401)
        handle(json.loads(body))
        return Response(status=204)


urlpatterns = [path("hooks", Hooks.as_view())]
