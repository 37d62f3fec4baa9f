"""Repositories in moto.

    registry_moto.py URL               makes a repository with two images, of which the first has no tag; prints its name and their digests
    registry_moto.py URL REPOSITORY    prints how the repository is, and its images
"""

import json
import sys

from client import Aws

ecr = Aws(sys.argv[1]).home("ecr")


def put(name, number, **tag):
    part = {"size": number, "digest": f"sha256:{number:064x}"}
    manifest = {
        "schemaVersion": 2,
        "mediaType": "application/vnd.docker.distribution.manifest.v2+json",
        "config": {"mediaType": "application/vnd.docker.container.image.v1+json", **part},
        "layers": [{"mediaType": "application/vnd.docker.image.rootfs.diff.tar.gzip", **part}],
    }
    image = ecr.put_image(repositoryName=name, imageManifest=json.dumps(manifest), **tag)
    return image["image"]["imageId"]["imageDigest"]


if len(sys.argv) == 2:
    name = "shop/pruned"
    ecr.create_repository(repositoryName=name)
    print(json.dumps({"repository": name, "digests": [put(name, 1), put(name, 2, imageTag="latest")]}))
else:
    name = sys.argv[2]
    [repository] = ecr.describe_repositories(repositoryNames=[name])["repositories"]
    images = ecr.describe_images(repositoryName=name)["imageDetails"]
    print(
        json.dumps(
            {
                "tags": repository["imageTagMutability"],
                "scan": repository["imageScanningConfiguration"]["scanOnPush"],
                "encryption": repository["encryptionConfiguration"]["encryptionType"],
                "images": {image["imageDigest"]: image.get("imageTags", []) for image in images},
            }
        )
    )
