# Written by Longshore for Java 17 with Maven.
FROM maven:3-eclipse-temurin-17 AS build
WORKDIR /src
COPY . .
RUN --mount=type=cache,target=/root/.m2 mvn --batch-mode -DskipTests package
RUN cp "$(ls -S target/*.jar | head -n 1)" /app.jar

FROM eclipse-temurin:17-jre
RUN useradd --uid 10001 app
COPY --from=build /app.jar /app.jar
USER app
ENV PORT=8080
EXPOSE 8080
CMD ["/bin/sh", "-c", "exec java -XX:MaxRAMPercentage=75 -Dserver.port=$PORT -jar /app.jar"]
