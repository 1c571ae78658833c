"""Talks to a clipd server with the unmodified OpenAI client. Arguments: base URL, base64 of a red picture."""

import sys

import numpy as np
import openai

base_url, red_picture = sys.argv[1:]
client = openai.OpenAI(base_url=base_url, api_key="none", max_retries=0)


def refused(kind, status, code, param, **request):
    try:
        client.embeddings.create(**request)
    except kind as error:
        assert error.status_code == status, error
        assert error.code == code, error.code
        assert error.param == param, error.param
        assert error.body["message"], error.body
        return
    raise AssertionError(f"{request} was not refused")


# The client asks for base64 unless told otherwise, and decodes it.
answer = client.embeddings.create(model="fake", input="a red car")
assert answer.object == "list" and answer.model == "fake"
assert len(answer.data) == 1 and answer.data[0].index == 0
vector = np.array(answer.data[0].embedding)
assert vector.shape == (16,) and abs(np.linalg.norm(vector) - 1) < 1e-5
assert answer.usage.prompt_tokens == 3 and answer.usage.total_tokens == 3

as_float = client.embeddings.create(model="fake", input="a red car", encoding_format="float")
assert np.allclose(as_float.data[0].embedding, vector, atol=1e-7)

many = client.embeddings.create(model="fake", input=["red", "green", "a red car"], dimensions=16, user="me")
assert [item.index for item in many.data] == [0, 1, 2]
assert np.allclose(many.data[2].embedding, vector, atol=1e-7)

# clipd's own: an image beside a text, in the same space.
both = client.embeddings.create(model="fake", input=[{"text": "red"}, {"image": red_picture}])
red, picture = (np.array(item.embedding) for item in both.data)
assert red @ picture > 0.5, red @ picture

models = client.models.list()
assert [model.id for model in models] == ["fake"]
assert client.models.retrieve("fake").owned_by == "clipd"
try:
    client.models.retrieve("gpt-9")
    raise AssertionError("gpt-9 was found")
except openai.NotFoundError as error:
    assert error.code == "not_found" and "fake" in error.body["message"]

refused(openai.BadRequestError, 400, "invalid_request", "model", model="gpt-9", input="a")
refused(openai.BadRequestError, 400, "invalid_request", "dimensions", model="fake", input="a", dimensions=3)
refused(openai.BadRequestError, 400, "invalid_request", "input", model="fake", input="")
refused(openai.BadRequestError, 400, "invalid_request", "input", model="fake", input=[1, 2, 3])
refused(openai.BadRequestError, 400, "invalid_image", "input", model="fake", input=[{"image": "AAAA"}])

print("all good")
