# Written by Longshore for Java 21 with Gradle.
FROM gradle:8-jdk21 AS build
WORKDIR /src
COPY . .
RUN --mount=type=cache,target=/home/gradle/.gradle gradle --no-daemon assemble
RUN cp "$(ls -S build/libs/*.jar | head -n 1)" /app.jar

FROM eclipse-temurin:21-jre
RUN useradd --uid 10001 app
COPY --from=build /app.jar /app.jar
USER app
ENV PORT=8080
EXPOSE 8080
CMD ["/bin/sh", "-c", "exec java -XX:MaxRAMPercentage=75 -Dserver.port=$PORT -jar /app.jar"]
