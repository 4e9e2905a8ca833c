import json
import os

from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.http import HttpResponse
from django.urls import path
from django.views.decorators.csrf import csrf_exempt
from handle import handle
from standardwebhooks import Webhook, WebhookVerificationError

webhook = Webhook(os.environ["SIGNING_SECRET"])


@csrf_exempt
def receive(request):
    body = request.body
    try:
        webhook.verify(body, dict(request.headers), json_parse=False)
    except WebhookVerificationError:
        return HttpResponse(status=401)
    handle(json.loads(body))
    return HttpResponse(status=204)


urlpatterns = [path("hooks", receive)]

# In a project of its own these two are settings.py and wsgi.py.
settings.configure(ROOT_URLCONF=__name__, ALLOWED_HOSTS=["127.0.0.1"])
app = get_wsgi_application()
