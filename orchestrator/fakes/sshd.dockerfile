# A remote machine for tests: sshd, a Docker client, and the one user `eqc` who is no sudoer.
# Keys are put into the container before it starts; none is in a layer.
ARG BASE=debian:bookworm-slim
ARG CLIENT_BASE=debian:bookworm-slim

# The client only: a machine's engine is the one whose socket is mounted. Of this computer's own
# architecture on every fake, together with its C library: an emulated one would only be slower.
FROM ${CLIENT_BASE} AS client
RUN apt-get update \
 && cd /tmp && apt-get download docker.io && dpkg-deb -x docker.io_*.deb /tmp/docker.io \
 && mkdir -p /client/usr/bin && cp /tmp/docker.io/usr/bin/docker /client/usr/bin/ \
 && for f in $(ldd /client/usr/bin/docker | grep -o '/[^ ]*'); do \
      mkdir -p /client$(dirname $f) && cp -L $f /client$f; done

FROM ${BASE}
USER 0
ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
RUN apt-get update \
 && apt-get install -y --no-install-recommends openssh-server \
 && rm -rf /var/lib/apt/lists/* /etc/ssh/ssh_host_* \
 && mkdir -p /run/sshd \
 && useradd --create-home --shell /bin/bash eqc && usermod -p '*' eqc \
 && install -d -m 700 -o eqc -g eqc /home/eqc/.ssh
COPY --from=client /client /client
RUN cp -n /client/usr/bin/docker /usr/bin/docker \
 && mkdir -p /lib64 && cp -rn /client/lib/. /lib/ && cp -n /client/lib64/. /lib64/ -r; rm -rf /client
COPY sshd-config /etc/ssh/sshd_config
COPY sshd-start /usr/local/sbin/sshd-start
EXPOSE 22
ENTRYPOINT ["/bin/sh", "/usr/local/sbin/sshd-start"]
