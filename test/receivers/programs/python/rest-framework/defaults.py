from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.urls import path
from handle import handle

settings.configure(
    ROOT_URLCONF=__name__,
    ALLOWED_HOSTS=["127.0.0.1"],
    REST_FRAMEWORK={"UNAUTHENTICATED_USER": None},
)
app = get_wsgi_application()

from rest_framework.decorators import api_view
from rest_framework.response import Response


@api_view(["POST"])
def receive(request):
    handle(request.data)
    return Response(status=204)


urlpatterns = [path("hooks", receive)]
