# Written by Longshore for static files.
FROM scratch
COPY [".longshore-static-server", "/longshore-static-server"]
COPY ["./", "/site/"]
USER 65532:65532
ENV PORT=8080
EXPOSE 8080
ENTRYPOINT ["/longshore-static-server", "/site"]
