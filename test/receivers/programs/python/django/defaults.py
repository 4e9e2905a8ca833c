import json

from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.http import HttpResponse
from django.urls import path
from django.views.decorators.csrf import csrf_exempt
from handle import handle


@csrf_exempt
def receive(request):
    handle(json.loads(request.body))
    return HttpResponse(status=204)


urlpatterns = [path("hooks", receive)]

settings.configure(ROOT_URLCONF=__name__, ALLOWED_HOSTS=["127.0.0.1"])
app = get_wsgi_application()
